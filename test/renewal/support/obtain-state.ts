import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openState, type State } from '../../../src/agent/state.ts';
import { parseConfig } from '../../../src/config/parse.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import { applyConfig } from '../../../src/renewal/engine/apply-config.ts';

/** Runs the work with a new folder that is gone afterwards. */
export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'everbind-renewal-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs the work with a new state folder. */
export function withState<T>(clock: Clock, work: (state: State, folder: string) => Promise<T>): Promise<T> {
  return withFolder(async (folder) => {
    const state = await openState(folder, { clock });
    try {
      return await work(state, folder);
    } finally {
      await state.close();
    }
  });
}

/** Applies a whole everbind.yaml as a command does. */
export async function applyText({ store }: Pick<State, 'store'>, clock: Clock, text: string): Promise<void> {
  const config = parseConfig(Buffer.from(text), '/etc/everbind.yaml');
  await applyConfig(store, config.fingerprint, clock.now(), async () => config);
}
