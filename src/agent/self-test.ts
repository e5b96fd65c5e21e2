import { createCngKeyStore } from '../custody/cng/store.ts';
import type { CertificateKeyAlgorithm } from '../ports/key-store.ts';
import type { HostDescription } from '../ports/windows-host.ts';
import { runSelfTest } from '../selftest/self-test.ts';
import type { StepResult } from '../selftest/steps.ts';
import { tlsProbe } from '../verify/tls-probe.ts';
import { connectHost } from './connect-host.ts';
import type { Environment } from './environment.ts';

export interface SelfTestOptions {
  /** Key storage provider that makes the keys; absent: the software one of Windows. */
  readonly provider?: string | undefined;
  readonly algorithm: CertificateKeyAlgorithm;
  onStep(step: StepResult): void;
}

export interface SelfTestReport {
  readonly host: HostDescription;
  /** As handles name it. */
  readonly provider: string;
  readonly steps: readonly StepResult[];
}

/**
 * Renews a certificate of a temporary site of this machine, takes it back, and removes everything. Errors: those of
 * connectHost.
 */
export async function selfTest(
  environment: Environment,
  { provider, algorithm, onStep }: SelfTestOptions,
): Promise<SelfTestReport> {
  const { clock, random, signal } = environment;
  const { host, close } = await connectHost(environment);
  try {
    const description = await host.describe();
    const keys = createCngKeyStore({
      hostKeys: () => Promise.resolve(host.keys),
      ...(provider === undefined ? {} : { provider }),
    });
    const steps = await runSelfTest({ host, keys, algorithm, probe: tlsProbe, clock, random, signal, onStep });
    signal.throwIfAborted();
    return { host: description, provider: keys.provider, steps };
  } finally {
    await close();
  }
}
