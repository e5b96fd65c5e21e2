import { join } from 'node:path';
import { openState } from '../src/agent/state.ts';
import { loadConfig } from '../src/config/load.ts';
import { readConfigFile } from '../src/config/read.ts';
import { systemClock } from '../src/net/system.ts';
import { applyConfig } from '../src/renewal/engine/apply-config.ts';

// Reads the configuration into the database, as the first command after a change of the file does.

const { folder } = JSON.parse(process.argv[2] ?? '{}') as { folder: string };
const file = join(folder, 'everbind.yaml');
const { fingerprint } = await readConfigFile(file);
const state = await openState(join(folder, 'state'), { clock: systemClock });
await applyConfig(state.store, fingerprint, systemClock.now(), () => loadConfig(file));
await state.close();
console.log('{}');
