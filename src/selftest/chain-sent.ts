import { EverbindError, errorCode } from '../errors/error.ts';
import { thumbprintOf } from '../pki/x509/certificate.ts';
import type { Bench } from './bench.ts';
import type { TestedBinding } from './tested-binding.ts';

const TIMEOUT_MS = 10_000;

/**
 * What is sent of the chain while its intermediate is in the store CA, in words, by version of TLS. It is not judged:
 * this machine does not trust the root, so the path that Windows builds ends below it. Throws SELFTEST_FAILED when the
 * intermediate is not in CA.
 */
export async function chainSent(bench: Bench, binding: TestedBinding): Promise<string> {
  const { ca, host, recorded } = bench;
  const intermediate = thumbprintOf(ca.intermediate);
  if ((await host.certificates.find('CA', intermediate)) === null) {
    throw new EverbindError('SELFTEST_FAILED', 'the intermediate was installed, but is not in the store CA');
  }
  const names = new Map([
    [intermediate, 'intermediate'],
    [thumbprintOf(ca.root), 'root'],
  ]);
  const place = await binding.place();
  const sent: string[] = [];
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    try {
      const target = { ...place, host: binding.kind.sni, timeoutMs: TIMEOUT_MS, version };
      const [, ...above] = (await recorded.probe(target)).chain;
      const parts = above.map((der) => names.get(thumbprintOf(der)) ?? 'another certificate');
      sent.push(`${version}: ${['leaf', ...parts].join(', ')}`);
    } catch (error) {
      sent.push(`${version}: ${errorCode(error)}`);
    }
  }
  return `sent with ${sent.join('; with ')}`;
}
