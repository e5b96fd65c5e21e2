import { EverbindError } from '../errors/error.ts';
import { sameStore } from '../iis/records/ssl-record.ts';
import type { StoreName } from '../ports/windows-host.ts';
import { OTHER_STORE, STORE } from './names.ts';
import type { KeyPair, RenewedBinding } from './renew-binding.ts';
import { given, type Steps } from './steps.ts';
import type { TestedBinding } from './tested-binding.ts';

/**
 * Renews into another store than the one that the record names, as after a change of `store` in the configuration, and
 * rolls that back. Whether an update of a record may change its store is not documented.
 */
export async function renewFromOtherStore(
  steps: Steps,
  renewed: RenewedBinding | null,
  keys: KeyPair | null,
): Promise<void> {
  const other = (): TestedBinding => given(renewed).binding.into(OTHER_STORE);
  const material = await steps.run('another store: issue', () => other().issue(given(keys).second));
  const plan = await steps.run('another store: renew and shake hands', async () => {
    const { deployment, plan: planFor, verify } = other();
    await deployment.install(given(material));
    const made = await planFor(given(material));
    await deployment.apply(made);
    await verify(made, given(material));
    await assertStore(other(), OTHER_STORE);
    return made;
  });
  await steps.run('another store: roll back', async () => {
    await other().restore(given(plan), given(renewed).first);
    await assertStore(other(), STORE);
  });
}

async function assertStore(binding: TestedBinding, store: StoreName): Promise<void> {
  const { certificateStore } = await binding.record();
  if (sameStore(certificateStore, store)) return;
  throw new EverbindError('SELFTEST_FAILED', `the record names the store ${certificateStore} instead of ${store}`);
}
