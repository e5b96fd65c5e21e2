import { join } from 'node:path';
import { masterKeyFile } from '../../src/custody/sealing/master-key-file.ts';
import { createSoftwareKeyStore } from '../../src/custody/software/store.ts';
import { createSealer } from '../../src/custody/sealing/sealer.ts';
import { openStore } from '../../src/store/store.ts';
import { writeSync } from 'node:fs';

// A process that makes keys without end, telling each one that it was promised, until somebody kills it; with a number
// as its second argument it kills itself after so many.

const [folder = '', limit] = process.argv.slice(2);
const clock = { now: () => Date.now(), sleep: () => Promise.resolve() };
const store = openStore({ path: join(folder, 'everbind.db'), clock });
const sealer = createSealer({ store, protector: masterKeyFile(join(folder, 'master.key')), clock });
const keys = createSoftwareKeyStore({ store, sealer, clock });

for (let index = 0; ; index += 1) {
  const handle = await keys.generate(`k${index}`, 'ec-p256');
  const { publicKey } = await keys.open(handle);
  writeSync(1, `${handle} ${Buffer.from(publicKey).toString('base64')}\n`);
  if (limit !== undefined && index + 1 >= Number(limit)) process.kill(process.pid, 'SIGKILL');
}
