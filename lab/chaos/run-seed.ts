import { DatabaseSync } from 'node:sqlite';
import { databaseFile } from '../../src/agent/state.ts';
import { parsePemCertificates, toPem } from '../../src/pki/asn1/pem.ts';
import { type Child, startChild } from './child-order.ts';
import { judge } from './judge.ts';
import { killsOf } from './kills.ts';
import { movingClock, readLead } from './moving-clock.ts';
import { readProgress } from './progress.ts';
import { pullWindows } from './pull-windows.ts';
import { scenarioOf } from './scenario.ts';
import { type ChaosWorld, startWorld } from './world.ts';

export interface SeedResult {
  readonly seed: number;
  /** Certificates that the CA issued, and due dates that there were. */
  readonly issued: number;
  readonly due: number;
  /** See CaJudgement. */
  readonly spare: number;
  readonly unknowable: number;
  readonly kills: number;
  /** Children that were stopped while another one took over. */
  readonly stops: number;
  /** Faults that happened, by name. */
  readonly faults: ReadonlyMap<string, number>;
  /** What must not be; empty when all is well. */
  readonly findings: readonly string[];
  /** What the children printed, what reached the CA, and the audit log. */
  readonly output: string;
}

/** The first certificates, and those after the CA has pulled all windows to now. */
const ROUNDS = 2;
/** Runs of a child, each at another time, before it is said that it does not come to an end. */
const MOST_RUNS = 60;
/** Longer than a lease that nobody prolongs. */
const LEASE_LASTS_MS = 60_000;

/**
 * Renews a fleet through the faults and kills of this seed and judges the end. `program`: the bundled child. `tamper`
 * is called before the judgement, for tests that see it fail.
 */
export async function runSeed(
  program: string,
  seed: number,
  tamper: (world: ChaosWorld) => unknown = () => {},
): Promise<SeedResult> {
  const world = await startWorld(seed, scenarioOf(seed));
  try {
    let output = '';
    let kills = 0;
    let stops = 0;
    const findings: string[] = [];
    for (let round = 1; round <= ROUNDS; round += 1) {
      if (round > 1) await pullWindows(world, activeLeaves(world));
      const end = await runRound(program, world, { seed, round });
      output += end.output;
      kills += end.kills;
      stops += end.stops;
      if (end.done) continue;
      findings.push(`round ${round} does not come to an end`);
      break;
    }
    await tamper(world);
    const judgement = await judge(world, ROUNDS);
    const faults = new Map<string, number>();
    for (const { plan } of world.proxies) {
      for (const [name, count] of plan.counts()) faults.set(name, (faults.get(name) ?? 0) + count);
    }
    return {
      seed,
      issued: judgement.issued,
      due: world.declared.certificates.length * ROUNDS,
      spare: judgement.spare,
      unknowable: judgement.unknowable,
      kills,
      stops,
      faults,
      findings: [...findings, ...judgement.findings],
      output: [output, '-- reached the CA', ...passedLines(world), '-- audit log', ...judgement.events, ''].join('\n'),
    };
  } finally {
    await world.stop();
  }
}

interface RoundEnd {
  readonly done: boolean;
  readonly kills: number;
  readonly stops: number;
  readonly output: string;
}

/** A child that was stopped in the middle, and goes on after so many passes of others. */
interface Stopped {
  readonly child: Child;
  resumeAfter: number;
}

async function runRound(
  program: string,
  world: ChaosWorld,
  { seed, round }: { readonly seed: number; readonly round: number },
): Promise<RoundEnd> {
  const { demo, clockFile } = world;
  const stopped: Stopped[] = [];
  const counts = { kills: 0, stops: 0 };
  let output = '';
  for (const [index, kill] of [...killsOf(seed, round), null].entries()) {
    const { commit, when } = kill?.at === 'commit' ? kill : { commit: null, when: 'after' as const };
    const order = { world: demo, clockFile, seed: seed * 100 + round * 10 + index, rounds: round, runs: MOST_RUNS };
    const child = startChild(program, { ...order, commit, when });
    let passes = 0;
    const stops = new Promise<null>((resolve) => {
      world.onPass = () => {
        passes += 1;
        for (const other of stopped) if ((other.resumeAfter -= 1) === 0) other.child.resume();
        if (kill?.at === 'pass' && passes === kill.pass) child.kill();
        if (kill?.at !== 'stop' || passes !== kill.pass) return;
        child.stop();
        resolve(null);
      };
    });
    const end = await Promise.race([child.end, stops]);
    output += `-- round ${round}, ${JSON.stringify(kill)}\n`;
    if (end === null) {
      counts.stops += 1;
      stopped.push({ child, resumeAfter: kill?.at === 'stop' ? kill.resumeAfter : 1 });
      // Its lease runs out while it stands still.
      movingClock(clockFile).moveTo(Date.now() + readLead(clockFile) + LEASE_LASTS_MS);
      continue;
    }
    output += end.output;
    if (!end.killed) break;
    counts.kills += 1;
  }
  for (const { child } of stopped) {
    child.resume();
    const end = await child.end;
    output += `-- stopped before\n${end.output}`;
  }
  return { done: readProgress(demo.stateDir, round).done, ...counts, output };
}

function passedLines({ proxies }: ChaosWorld): readonly string[] {
  return proxies.flatMap(({ issuer, proxy }) =>
    proxy.passed.map(({ path, status, fault }) => `${issuer} ${path} ${status}${fault === null ? '' : `: ${fault}`}`),
  );
}

function activeLeaves({ demo }: ChaosWorld): readonly string[] {
  const db = new DatabaseSync(databaseFile(demo.stateDir), { readOnly: true });
  try {
    return db
      .prepare(`SELECT chain FROM issued WHERE status = 'active'`)
      .all()
      .flatMap((row) => parsePemCertificates(row['chain'] as string).slice(0, 1))
      .map((der) => toPem('CERTIFICATE', der));
  } finally {
    db.close();
  }
}
