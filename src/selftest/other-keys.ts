import { EverbindError } from '../errors/error.ts';
import type { CertificateMaterial } from '../ports/deployment.ts';
import type { CertificateKeyAlgorithm, KeyHandle } from '../ports/key-store.ts';
import type { Bench } from './bench.ts';
import { STORE } from './names.ts';
import type { RenewedBinding } from './renew-binding.ts';
import { given, type Steps } from './steps.ts';

/** A key that the provider has made. */
export interface MadeKey {
  readonly algorithm: CertificateKeyAlgorithm;
  readonly handle: KeyHandle;
}

/** Renews with a key of each algorithm, one after the other: one that fails says nothing about the next. */
export async function renewWithEach(
  steps: Steps,
  renewed: RenewedBinding | null,
  keys: readonly MadeKey[],
): Promise<void> {
  for (const { algorithm, handle } of keys) {
    await steps
      .part()
      .run(`${algorithm}: renew and shake hands`, async () =>
        renewTo(given(renewed), await given(renewed).binding.issue(handle)),
      );
  }
}

/** Renews with keys that are made in memory and imported, as a PFX file or the software custody has them. */
export async function renewWithImported(bench: Bench, steps: Steps, renewed: RenewedBinding | null): Promise<void> {
  const { certificates } = bench.host;
  for (const type of ['rsa', 'ec'] as const) {
    const part = steps.part();
    const label = `imported ${type.toUpperCase()} key`;
    const material = await part.run(`${label}: issue`, () => given(renewed).binding.issueImported(type));
    await part.run(`${label}: renew and shake hands`, () => renewTo(given(renewed), given(material)));
    await part.run(`${label}: roll back`, () => renewTo(given(renewed), given(renewed).first));
    await part.run(`${label}: remove`, async () => {
      await certificates.remove(STORE, given(material).thumbprint);
      if ((await certificates.find(STORE, given(material).thumbprint)) === null) return;
      throw new EverbindError('SELFTEST_FAILED', 'the certificate was removed, and is still there');
    });
  }
}

async function renewTo({ binding }: RenewedBinding, material: CertificateMaterial): Promise<void> {
  await binding.deployment.install(material);
  const plan = await binding.plan(material);
  await binding.deployment.apply(plan);
  await binding.verify(plan, material);
}
