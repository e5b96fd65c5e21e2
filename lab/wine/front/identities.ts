import { type KeyObject, X509Certificate } from 'node:crypto';
import type { StoreName, WindowsHost } from '../../../src/ports/windows-host.ts';
import { chooseRecord } from '../../sim-windows/serving/certificate-choice.ts';
import { chainAbove } from '../../sim-windows/serving/chain-above.ts';
import type { Listener } from '../../sim-windows/serving/listeners.ts';
import type { ServedIdentity } from '../../sim-windows/serving/tls-front.ts';

const DISABLE_TLS13 = 0x40;
const stores: readonly StoreName[] = ['MY', 'WebHosting'];

/**
 * The certificate for a handshake, read from the host at that moment as http.sys would: its record, the certificate in
 * the store, the intermediates in CA. `keys` are those of the double of ncrypt.dll, which nothing inside Wine can read.
 */
export function createIdentities(
  host: Pick<WindowsHost, 'sslRecords' | 'certificates'>,
  keys: () => Promise<readonly KeyObject[]>,
): (listener: Listener, serverName: string) => Promise<ServedIdentity | null> {
  return async ({ addresses, port }, serverName) => {
    const record = chooseRecord(await host.sslRecords.enumerate(), { addresses, port, serverName }, 'host-first');
    if (record === null || record.certificateHash === null) return null;
    const wanted = (record.certificateStore ?? 'MY').toLowerCase();
    const store = stores.find((name) => name.toLowerCase() === wanted);
    if (store === undefined) return null;
    const stored = await host.certificates.find(store, record.certificateHash);
    // http.sys serves nothing where the certificate does not refer to its key.
    if (stored === null || !stored.hasPrivateKey) return null;
    const certificate = new X509Certificate(stored.der);
    const key = (await keys()).find((candidate) => certificate.checkPrivateKey(candidate));
    if (key === undefined) return null;
    const candidates = (await host.certificates.list('CA')).map(({ der }) => new X509Certificate(der));
    return {
      certificate,
      key,
      above: chainAbove(certificate, candidates),
      allowTls13: (record.flags & DISABLE_TLS13) === 0,
    };
  };
}
