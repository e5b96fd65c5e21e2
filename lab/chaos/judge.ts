import { readPinnedKey } from '../../src/agent/audit-key-file.ts';
import { openState } from '../../src/agent/state.ts';
import { readEvents, verifyStoredLog } from '../../src/store/audit-read.ts';
import { judgeCa } from './judge-ca.ts';
import { judgeServer } from './judge-server.ts';
import { movingClock } from './moving-clock.ts';
import { rowsOf } from './rows.ts';
import type { ChaosWorld } from './world.ts';

export interface Judgement {
  /** See CaJudgement. */
  readonly issued: number;
  readonly spare: number;
  /** See CaJudgement. */
  readonly unknowable: number;
  /** What must not be; empty when all is well. */
  readonly findings: readonly string[];
  /** The audit log, a line an event. */
  readonly events: readonly string[];
}

/** Judges the end of a seed: CA, server, journal and log. From now on the proxies pass everything. */
export async function judge(world: ChaosWorld, rounds: number): Promise<Judgement> {
  for (const { proxy } of world.proxies) proxy.calm();
  const { stateDir } = world.demo;
  const state = await openState(stateDir, { clock: movingClock(world.clockFile) }, async () => world.sim.host.keys);
  try {
    const { issued, spare, unknowable, findings } = await judgeCa(world, state, rounds);
    const log = verifyStoredLog(state.store, await readPinnedKey(stateDir));
    const events = readEvents(state.store, { from: 0 });
    return {
      issued,
      spare,
      unknowable,
      events,
      findings: [
        ...findings,
        ...judgeRivals(world, events),
        ...(await judgeServer(world, state)),
        ...rowsOf(state, 'SELECT id, step FROM renewal WHERE outcome IS NULL').map(
          (row) => `renewal ${String(row['id'])} is open at ${String(row['step'])}`,
        ),
        ...rowsOf(state, 'SELECT holder FROM lease WHERE holder IS NOT NULL').map(() => 'the lease is held'),
        ...log.findings.map((finding) => `audit log: ${JSON.stringify(finding)}`),
      ],
    };
  } finally {
    await state.close();
  }
}

/**
 * The fleet has a record of one address beside records of names: that it wins there is seen, and only where it does.
 */
function judgeRivals({ choiceOrder }: ChaosWorld, events: readonly string[]): readonly string[] {
  const seen = events.some((event) => event.includes('"outcome":"shadowed"'));
  if (seen === (choiceOrder === 'address-first')) return [];
  return [`the order is ${choiceOrder}, and a shadowed endpoint was ${seen ? 'reported' : 'never reported'}`];
}
