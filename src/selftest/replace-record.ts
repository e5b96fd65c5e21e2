import type { CertificateMaterial } from '../ports/deployment.ts';
import type { Bench } from './bench.ts';
import { watchChange } from './handshake-watch.ts';
import type { RenewedBinding } from './renew-binding.ts';
import { given, type Steps } from './steps.ts';
import { assertSameBut } from './tested-binding.ts';

/**
 * Replaces a record by deleting and setting it, the only way of a Windows without HttpUpdateServiceConfiguration, and
 * back. Handshakes may fail in between; the steps say for how long.
 */
export async function replaceRecord(bench: Bench, steps: Steps, renewed: RenewedBinding | null): Promise<void> {
  const { probe, clock, host } = bench;
  const replace = async ({ thumbprint }: CertificateMaterial): Promise<string> => {
    const { binding } = given(renewed);
    const record = await binding.record();
    const target = { ...(await binding.place()), host: binding.kind.sni };
    const times = await watchChange({ probe, clock, target, leaf: thumbprint }, async () => {
      await host.sslRecords.remove(record.key);
      await host.sslRecords.set({ ...record, certificateHash: thumbprint });
    });
    assertSameBut(record, await binding.record(), { thumbprint });
    return times;
  };
  await steps.run('delete and set: replace the record', () => replace(given(renewed).second));
  await steps.run('delete and set: roll back', () => replace(given(renewed).first));
}
