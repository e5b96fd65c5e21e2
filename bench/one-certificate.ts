import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../lab/loopback.ts';
import { type Pebble, startPebble } from '../lab/pebble/server.ts';
import { buildProgram } from '../tools/build.ts';
import { median } from './figures.ts';
import { writeIssueConfig } from './issue-config.ts';
import { lego } from './lego.ts';
import { startProgram } from './measure-program.ts';

const RUNS = 7;
const LEGO_RUNS = 3;

/** Seconds for one certificate, start and end of the process included, with an account that exists. */
export interface OneCertificate {
  /** The CA validates nothing. */
  readonly alwaysValidS: number;
  /** The CA looks at our challenge response. */
  readonly http01S: number;
  /** lego with the same CA that looks. */
  readonly legoHttp01S: number;
}

export async function oneCertificate(): Promise<OneCertificate> {
  const [httpPort = 0] = await freePorts(1);
  const alwaysValidS = await withPebble({ alwaysValid: true, httpPort }, (pebble) => ofProgram(pebble));
  const [http01S, legoHttp01S] = await withPebble({ httpPort }, async (pebble) => [
    await ofProgram(pebble),
    1 / (await lego(pebble, { count: LEGO_RUNS, atOnce: 1, httpPort })),
  ]);
  const said = (seconds: number): string => `${seconds.toFixed(3)} s`;
  console.log(
    `one certificate, whole process: ${said(alwaysValidS)} always valid, ${said(http01S)} with HTTP-01 (lego ${said(legoHttp01S)})`,
  );
  return { alwaysValidS, http01S, legoHttp01S };
}

async function withPebble<T>(
  options: NonNullable<Parameters<typeof startPebble>[0]>,
  work: (pebble: Pebble) => Promise<T>,
): Promise<T> {
  const pebble = await startPebble(options);
  try {
    return await work(pebble);
  } finally {
    await pebble.stop();
  }
}

/** Median of the program as it is released; the first run registers the account and is not counted. */
async function ofProgram(pebble: Pebble): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'everbind-one-'));
  try {
    const state = join(folder, 'state');
    await mkdir(state, { mode: 0o700 });
    await writeIssueConfig(folder, {
      ca: pebble,
      rootPem: await pebble.rootPem(),
      count: RUNS + 1,
      httpPort: pebble.httpPort,
    });
    const program = await buildProgram(join(folder, 'dist'));
    const renew = (name: string): Promise<number> =>
      startProgram([program, 'renew', name, '--config', join(folder, 'everbind.yaml'), '--state-dir', state]);
    await renew('c0');
    const seconds: number[] = [];
    for (let run = 1; run <= RUNS; run += 1) seconds.push(await renew(`c${run}`));
    return median(seconds);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
