import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createCngKeyStore } from '../custody/cng/store.ts';
import type { CertificateKeyAlgorithm } from '../ports/key-store.ts';
import { EverbindError } from '../errors/error.ts';
import { resultOf } from '../selftest/result.ts';
import type { ResultFile, TestStep } from '../selftest/result-file.ts';
import { runSelfTest, type SelfTestRun } from '../selftest/self-test.ts';
import { tlsProbe } from '../verify/tls-probe.ts';
import { connectHost } from './connect-host.ts';
import type { Environment } from './environment.ts';

export interface SelfTestOptions {
  /** Key storage provider that makes the keys; absent: the software one of Windows. */
  readonly provider?: string | undefined;
  /** Of the keys; absent: every one that the provider makes. */
  readonly algorithm?: CertificateKeyAlgorithm | undefined;
  onStep(step: TestStep): void;
}

/**
 * Renews certificates of temporary sites of this machine, rolls them back, and removes everything. Errors: those of
 * connectHost.
 */
export async function selfTest(
  environment: Environment,
  { provider, algorithm, onStep }: SelfTestOptions,
): Promise<ResultFile> {
  const { clock, random, signal } = environment;
  const { host, close } = await connectHost(environment);
  try {
    const startedAt = new Date(clock.now()).toISOString();
    const run = await runSelfTest({
      host,
      openKeys: (keys) =>
        createCngKeyStore({
          hostKeys: () => Promise.resolve(keys),
          ...(provider === undefined ? {} : { provider }),
        }),
      algorithm: algorithm ?? null,
      probe: tlsProbe,
      clock,
      random,
      signal,
      onStep,
    });
    if (signal.aborted) throw interrupted(run);
    const { version, versions, execPath } = process;
    const node = { version, openssl: versions.openssl, exe: basename(execPath), signed: null };
    return resultOf(run, { host: kindOfHost(), startedAt, endedAt: new Date(clock.now()).toISOString(), node });
  } finally {
    await close();
  }
}

/** What was made is removed all the same, or this says what was not. */
function interrupted({ steps }: SelfTestRun): EverbindError {
  const failed = steps.filter(({ outcome }) => outcome === 'failed');
  const left =
    failed.length === 0
      ? 'everything that it made is removed'
      : failed.map(({ step, message }) => `${step}: ${message}`).join('; ');
  return new EverbindError('CLI_INTERRUPTED', `the self-test was interrupted; ${left}`);
}

/** Wine calls itself Windows. A program that only Wine has tells them apart. */
function kindOfHost(): ResultFile['host'] {
  if (process.platform !== 'win32') return 'double';
  const wine = join(process.env['SystemRoot'] ?? 'C:\\Windows', 'System32', 'winecfg.exe');
  return existsSync(wine) ? 'wine' : 'windows';
}
