import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { type IssueFigures, median, round } from './figures.ts';
import { withFreshCa } from './fresh-ca.ts';
import { acmeClient, ceiling, type Contest, everbind, rate, told } from './issue-clients.ts';
import { latencyRatio } from './issue-latency.ts';
import { lego, legoInParallel } from './lego.ts';
import { oneCertificate } from './one-certificate.ts';

interface Goals {
  readonly atLeast: Readonly<Partial<Record<string, number>>>;
  readonly atMost: Readonly<Partial<Record<string, number>>>;
}

const goals: Goals = {
  atLeast: { acmeClientRatio: 2.7, legoRatio: 25, legoParallelRatio: 3, latencyRatio: 4 },
  atMost: { cpuMsPerCert: 6, peakMiB: 130, requestsPerCert: 7, oneHttp01S: 0.4 },
};

/** With `--strict`. Not reached yet. */
const strictGoals: Goals = {
  atLeast: { ...goals.atLeast, ceilingRatio: 0.8 },
  atMost: { ...goals.atMost, oneAlwaysValidS: 0.15 },
};

/**
 * Sets Everbind with its full durable journal against a lean request loop without state (the ceiling) and npm's
 * acme-client, each at its best concurrency, and against lego, one process after another and several at a time; then
 * all of them where the CA is 50 ms away; then one certificate. All run against Pebble in one run: figures of different
 * machines or days say nothing about each other. The speed of a shared machine changes from minute to minute, so the
 * contenders take turns: each figure is the median of the rounds, each ratio the median of the ratios within a round.
 */
export async function benchIssue(args: readonly string[]): Promise<boolean> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      count: { type: 'string', default: '1000' },
      concurrency: { type: 'string', default: '32' },
      lego: { type: 'string', default: '100' },
      rounds: { type: 'string', default: '3' },
      strict: { type: 'boolean', default: false },
    },
  });
  const count = Number(values.count);
  console.log(`${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores, Node ${process.version}`);
  const rounds: Round[] = [];
  for (let number = 1; number <= Number(values.rounds); number += 1) {
    console.log(`round ${number} of ${values.rounds}`);
    rounds.push(await playRound(count, Number(values.concurrency), Number(values.lego)));
  }
  const { alwaysValidS, http01S, legoHttp01S } = await oneCertificate();
  const middle = (of: (played: Round) => number, digits: number): number => round(median(rounds.map(of)), digits);
  const figures = {
    certificates: Math.min(...rounds.map(({ ours }) => ours.certificates)),
    certsPerSecond: middle(({ ours }) => rate(ours), 1),
    ceilingRatio: middle(({ ours, lean }) => rate(ours) / lean, 2),
    acmeClientRatio: middle(({ ours, client }) => rate(ours) / client, 2),
    legoRatio: middle(({ ours, inARow }) => rate(ours) / inARow, 1),
    legoParallelRatio: middle(({ ours, inParallel }) => rate(ours) / inParallel, 2),
    latencyRatio: middle(({ faraway }) => faraway, 2),
    cpuMsPerCert: middle(({ ours }) => ours.cpuMs / count, 2),
    peakMiB: round(Math.max(...rounds.map(({ ours }) => ours.peakMiB)), 1),
    // To one digit: a CA that is asked too early is asked once more now and then.
    requestsPerCert: middle(({ ours }) => ours.requests / count, 1),
    runRequests: middle(({ ours }) => ours.runRequests, 0),
    connections: Math.max(...rounds.map(({ ours }) => ours.connections)),
    oneAlwaysValidS: round(alwaysValidS, 3),
    oneHttp01S: round(http01S, 3),
    oneHttp01LegoS: round(legoHttp01S, 2),
  };
  const { atLeast, atMost } = values.strict ? strictGoals : goals;
  const reached = (name: string): number => figures[name as keyof typeof figures];
  const ok =
    figures.certificates === count &&
    Object.entries(atLeast).every(([name, goal = 0]) => reached(name) >= goal) &&
    Object.entries(atMost).every(([name, goal = 0]) => reached(name) <= goal);
  console.log(`goals: at least ${JSON.stringify(atLeast)}, at most ${JSON.stringify(atMost)}`);
  console.log(JSON.stringify({ ...figures, ok }));
  return ok;
}

interface Round {
  readonly ours: IssueFigures;
  /** Certificates per second of the others, each at its best concurrency. */
  readonly lean: number;
  readonly client: number;
  readonly inARow: number;
  readonly inParallel: number;
  /** How many times faster than the better of the others, 50 ms away. */
  readonly faraway: number;
}

async function playRound(count: number, concurrency: number, legoCount: number): Promise<Round> {
  const peers = Math.min(count, 300);
  // Before and after ours, so that a machine that gets faster or slower meanwhile says little.
  const before = await nearby((contest) => ceiling(contest, count, 8));
  told('ceiling, 8 at a time', before);
  const ours = told(
    `everbind, ${concurrency} at a time`,
    await nearby((contest) => everbind(contest, count, concurrency)),
  );
  const after = told('ceiling, 16 at a time', await nearby((contest) => ceiling(contest, count, 16)));
  const clients: number[] = [];
  for (const atOnce of [8, 32]) {
    const figures = await nearby((contest) => acmeClient(contest, peers, atOnce));
    clients.push(rate(told(`acme-client, ${atOnce} at a time`, figures)));
  }
  const inARow = await nearby(({ ca }) => lego(ca, { count: legoCount, atOnce: 1 }));
  console.log(`lego, one after another: ${inARow.toFixed(1)} certificates/s`);
  const inParallel = await legoInParallel(peers);
  const faraway = await latencyRatio(count, Math.min(peers, 128));
  return { ours, lean: Math.max(rate(before), rate(after)), client: Math.max(...clients), inARow, inParallel, faraway };
}

function nearby<T>(work: (contest: Contest) => Promise<T>): Promise<T> {
  return withFreshCa(async (pebble) => work({ ca: pebble, rootPem: await pebble.rootPem(), gated: true }));
}
