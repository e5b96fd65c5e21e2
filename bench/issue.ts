import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { type Pebble, startPebble } from '../lab/pebble/server.ts';
import { bundle } from '../tools/build.ts';
import { type IssueFigures, round, runChild } from './figures.ts';
import { legoInARow } from './lego.ts';

const goals = { acmeClientRatio: 2.7, legoRatio: 25, cpuMsPerCert: 8, peakMiB: 130, requestsPerCert: 7 };

/**
 * Everbind with its full durable journal against npm's acme-client at its best concurrency and lego in a row, all against the same Pebble in
 * one run: figures of different machines or days say nothing about each other.
 */
export async function benchIssue(args: readonly string[]): Promise<boolean> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      count: { type: 'string', default: '1000' },
      concurrency: { type: 'string', default: '16' },
      lego: { type: 'string', default: '100' },
    },
  });
  const count = Number(values.count);
  const folder = await mkdtemp(join(tmpdir(), 'everbind-bench-'));
  console.log(`${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores, Node ${process.version}`);
  const pebble = await startPebble({ alwaysValid: true });
  try {
    const ours = await everbind(pebble, folder, count, Number(values.concurrency));
    print('everbind', ours);
    const peers: IssueFigures[] = [];
    for (const concurrency of [8, 32]) {
      const figures = await acmeClient(pebble, folder, Math.min(count, 300), concurrency);
      print(`acme-client, ${concurrency} at a time`, figures);
      peers.push(figures);
    }
    const lego = await legoInARow(pebble, Number(values.lego));
    console.log(`lego, one after another: ${lego.toFixed(1)} certificates/s`);
    const best = Math.max(...peers.map(rate));
    const figures = {
      certificates: ours.certificates,
      certsPerSecond: round(rate(ours), 1),
      acmeClientRatio: round(rate(ours) / best, 2),
      legoRatio: round(rate(ours) / lego, 1),
      cpuMsPerCert: round(ours.cpuMs / count, 2),
      peakMiB: round(ours.peakMiB, 1),
      // To one digit: directory, nonces and account of the whole run are a few hundredths of a request for each certificate.
      requestsPerCert: round(ours.requests / count, 1),
      connections: ours.connections,
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
