import type { CertificateMaterial } from '../ports/deployment.ts';
import type { KeyHandle } from '../ports/key-store.ts';
import type { Bench } from './bench.ts';
import type { BindingKind } from './binding-kind.ts';
import { chainSent } from './chain-sent.ts';
import { watchChange } from './handshake-watch.ts';
import { openConnection } from './open-connection.ts';
import { given, type Steps } from './steps.ts';
import { assertSameBut, makeTestedBinding, type TestedBinding } from './tested-binding.ts';

/** The keys of the first certificate and of the one that replaces it. */
export interface KeyPair {
  readonly first: KeyHandle;
  readonly second: KeyHandle;
}

/** A binding that serves `first`, with `second` in the store beside it. */
export interface RenewedBinding {
  readonly binding: TestedBinding;
  readonly first: CertificateMaterial;
  readonly second: CertificateMaterial;
}

/**
 * Makes a site with a binding of this kind, puts a certificate on it, renews it, and rolls the renewal back. The code,
 * the calls and their order are those of a real renewal; only the CA is our own. null when a step did not pass.
 */
export async function renewBinding(
  bench: Bench,
  steps: Steps,
  kind: BindingKind,
  keys: KeyPair | null,
): Promise<RenewedBinding | null> {
  const run = <T>(step: string, work: () => Promise<T>): Promise<T | null> => steps.run(`${kind.label}: ${step}`, work);
  const binding = await run('make a site with this binding', () => makeTestedBinding(bench, kind));
  const first = await run('install a certificate', () => install(given(binding), given(keys).first));
  const firstPlan = await run('bind it', async () => {
    const plan = await given(binding).plan(given(first));
    await given(binding).deployment.apply(plan);
    return plan;
  });
  await run('shake hands', () => given(binding).verify(given(firstPlan), given(first)));
  const before = await run('read the record', () => given(binding).record());
  const extras = kind.label === 'name';
  if (extras) await run('what is sent of the chain', () => chainSent(bench, given(binding)));
  const connection = extras
    ? await run('keep a connection open', async () => {
        const opened = await openConnection(await given(binding).place(), bench.ca);
        return { ...opened, before: await opened.ask() };
      })
    : null;
  const second = await run('install the renewed certificate', () => install(given(binding), given(keys).second));
  const plan = await run('plan the renewal', () => given(binding).plan(given(second)));
  await run('switch the record', () => switchRecord(bench, given(binding), given(second), given(plan)));
  await run('shake hands again', () => given(binding).verify(given(plan), given(second)));
  if (extras) {
    await run('the connection from before', async () => {
      const { ask, before: asked } = given(connection);
      return `before the switch: ${asked}; after it: ${await ask()}`;
    });
    connection?.close();
  }
  await run('every other field of the record is kept', async () =>
    assertSameBut(given(before), await given(binding).record(), given(second)),
  );
  await run('roll back', () => given(binding).restore(given(plan), given(first)));
  const restored = await run('the record is as it was', async () => {
    assertSameBut(given(before), await given(binding).record(), given(first));
    return '';
  });
  return restored === null ? null : { binding: given(binding), first: given(first), second: given(second) };
}

async function install(binding: TestedBinding, key: KeyHandle): Promise<CertificateMaterial> {
  const material = await binding.issue(key);
  await binding.deployment.install(material);
  return material;
}

async function switchRecord(
  { probe, clock }: Bench,
  { kind, place, deployment }: TestedBinding,
  { thumbprint }: CertificateMaterial,
  plan: Parameters<TestedBinding['deployment']['apply']>[0],
): Promise<string> {
  const target = { ...(await place()), host: kind.sni };
  return watchChange({ probe, clock, target, leaf: thumbprint }, () => deployment.apply(plan));
}
