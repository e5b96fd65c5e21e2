import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { type Pebble, startPebble } from '../lab/pebble/server.ts';
import { bundle } from '../tools/build.ts';
import { type IssueFigures, median, round, runChild } from './figures.ts';
import { legoInARow } from './lego.ts';

const goals = { acmeClientRatio: 2.7, legoRatio: 25, cpuMsPerCert: 8, peakMiB: 130, requestsPerCert: 7 };

/**
 * Everbind with its full durable journal against npm's acme-client at its best concurrency and lego in a row, all against the same Pebble in
 * one run: figures of different machines or days say nothing about each other. A shared machine is faster in one minute than in the next,
 * so that they take turns: each figure is the median of the rounds, each ratio the median of the ratios within a round.
 */
export async function benchIssue(args: readonly string[]): Promise<boolean> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      count: { type: 'string', default: '1000' },
      concurrency: { type: 'string', default: '32' },
      lego: { type: 'string', default: '100' },
      rounds: { type: 'string', default: '3' },
    },
  });
  const count = Number(values.count);
  console.log(`${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores, Node ${process.version}`);
  const rounds: Round[] = [];
  for (let number = 1; number <= Number(values.rounds); number += 1) {
    console.log(`round ${number} of ${values.rounds}`);
    rounds.push(await playRound(count, Number(values.concurrency), Number(values.lego)));
  }
  const middle = (of: (played: Round) => number, digits: number): number => round(median(rounds.map(of)), digits);
  const figures = {
    certificates: Math.min(...rounds.map(({ ours }) => ours.certificates)),
    certsPerSecond: middle(({ ours }) => rate(ours), 1),
    acmeClientRatio: middle(({ ours, acmeClient }) => rate(ours) / acmeClient, 2),
    legoRatio: middle(({ ours, lego }) => rate(ours) / lego, 1),
    cpuMsPerCert: middle(({ ours }) => ours.cpuMs / count, 2),
    peakMiB: round(Math.max(...rounds.map(({ ours }) => ours.peakMiB)), 1),
    // To one digit: directory, nonces and account of the whole run are a few hundredths of a request for each certificate.
    requestsPerCert: middle(({ ours }) => ours.requests / count, 1),
    connections: Math.max(...rounds.map(({ ours }) => ours.connections)),
  };
  const ok =
    figures.certificates === count &&
    figures.acmeClientRatio >= goals.acmeClientRatio &&
    figures.legoRatio >= goals.legoRatio &&
    figures.cpuMsPerCert <= goals.cpuMsPerCert &&
    figures.peakMiB <= goals.peakMiB &&
    figures.requestsPerCert <= goals.requestsPerCert;
  console.log(`goals: ${JSON.stringify(goals)}`);
  console.log(JSON.stringify({ ...figures, ok }));
  return ok;
}

interface Round {
  readonly ours: IssueFigures;
  /** Certificates per second, at the better concurrency. */
  readonly acmeClient: number;
  readonly lego: number;
}

/** Everybody once, against a CA that starts empty: what it has issued before makes it slower. */
async function playRound(count: number, concurrency: number, legoCount: number): Promise<Round> {
  const folder = await mkdtemp(join(tmpdir(), 'everbind-bench-'));
  const pebble = await startPebble({ alwaysValid: true });
  try {
    const ours = await everbind(pebble, folder, count, concurrency);
    print('everbind', ours);
    const peers: IssueFigures[] = [];
    for (const atOnce of [8, 32]) {
      const figures = await acmeClient(pebble, folder, Math.min(count, 300), atOnce);
      print(`acme-client, ${atOnce} at a time`, figures);
      peers.push(figures);
    }
    const lego = await legoInARow(pebble, legoCount);
    console.log(`lego, one after another: ${lego.toFixed(1)} certificates/s`);
    return { ours, acmeClient: Math.max(...peers.map(rate)), lego };
  } finally {
    await pebble.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function everbind(pebble: Pebble, folder: string, count: number, concurrency: number): Promise<IssueFigures> {
  await mkdir(join(folder, 'state'), { mode: 0o700 });
  await writeFile(join(folder, 'listener.pem'), pebble.listenerCaPem);
  await writeFile(join(folder, 'root.pem'), await pebble.rootPem());
  const certificates = Array.from(
    { length: count },
    (_, index) => `  - { name: c${index}, names: [c${index}.bench.test], deployments: [] }`,
  );
  const configuration = [
    'version: 1',
    `engine: { concurrency: ${concurrency} }`,
    'issuers:',
    `  - { name: pebble, directory: "${pebble.directoryUrl}", termsOfServiceAgreed: true }`,
    'certificates:',
    ...certificates,
    '',
  ];
  await writeFile(join(folder, 'everbind.yaml'), configuration.join('\n'));
  await runChild(new URL('issue-prepare.ts', import.meta.url), { folder });
  // Measured as it is released: bundled, not compiled at every start.
  const program = await bundle('bench/issue-everbind.ts', 'issue-everbind', join(folder, 'dist'));
  return runChild<IssueFigures>(pathToFileURL(program), { folder });
}

async function acmeClient(pebble: Pebble, folder: string, count: number, concurrency: number): Promise<IssueFigures> {
  const argument = { directoryUrl: pebble.directoryUrl, count, concurrency, prefix: `peer-${concurrency}` };
  return runChild<IssueFigures>(new URL('issue-acme-client.ts', import.meta.url), argument, {
    NODE_EXTRA_CA_CERTS: join(folder, 'listener.pem'),
  });
}

function rate({ certificates, wallMs }: IssueFigures): number {
  return certificates / (wallMs / 1000);
}

function print(name: string, figures: IssueFigures): void {
  const { certificates, wallMs, cpuMs, peakMiB, requests } = figures;
  console.log(
    `${name}: ${certificates} in ${(wallMs / 1000).toFixed(1)} s, ${rate(figures).toFixed(1)}/s, ${(cpuMs / certificates).toFixed(1)} ms CPU each, ${peakMiB.toFixed(0)} MiB, ${(requests / certificates).toFixed(2)} requests each`,
  );
}
