import { type KeyObject, X509Certificate } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { recordKeyId } from '../../../src/iis/records/ssl-record.ts';
import type { SslRecord, StoreName, WindowsHost } from '../../../src/ports/windows-host.ts';
import { chooseRecord } from '../../sim-windows/serving/certificate-choice.ts';
import { chainAbove } from '../../sim-windows/serving/chain-above.ts';
import { createChainCache } from '../../sim-windows/serving/chain-cache.ts';
import type { Listener } from '../../sim-windows/serving/listeners.ts';
import type { ServedIdentity } from '../../sim-windows/serving/tls-front.ts';

const DISABLE_TLS13 = 0x40;
const stores: readonly StoreName[] = ['MY', 'WebHosting'];

/**
 * The certificate for a handshake, read from the host at that moment as http.sys would: its record and the certificate
 * in the store; and the chain above it, built from CA and Root at the first handshake since the record got other
 * content: that it was written again with the same is not seen here. `keys` are those of the double of ncrypt.dll,
 * which nothing inside Wine can read.
 */
export function createIdentities(
  host: Pick<WindowsHost, 'sslRecords' | 'certificates'>,
  keys: () => Promise<readonly KeyObject[]>,
): (listener: Listener, serverName: string) => Promise<ServedIdentity | null> {
  const chains = createChainCache();
  const seen = new Map<string, SslRecord>();
  // The same object for as long as the content is the same, which is how the cache knows a record.
  const asSeen = (record: SslRecord): SslRecord => {
    const id = recordKeyId(record.key);
    const before = seen.get(id);
    if (before !== undefined && isDeepStrictEqual(before, record)) return before;
    seen.set(id, record);
    return record;
  };
  const listed = async (store: StoreName): Promise<readonly X509Certificate[]> =>
    (await host.certificates.list(store)).map(({ der }) => new X509Certificate(der));
  return async ({ addresses, port }, serverName) => {
    const chosen = chooseRecord(await host.sslRecords.enumerate(), { addresses, port, serverName }, 'host-first');
    if (chosen === null || chosen.certificateHash === null) return null;
    const record = asSeen(chosen);
    const wanted = (record.certificateStore ?? 'MY').toLowerCase();
    const store = stores.find((name) => name.toLowerCase() === wanted);
    if (store === undefined) return null;
    const stored = await host.certificates.find(store, chosen.certificateHash);
    // http.sys serves nothing where the certificate does not refer to its key.
    if (stored === null || !stored.hasPrivateKey) return null;
    const certificate = new X509Certificate(stored.der);
    const key = (await keys()).find((candidate) => certificate.checkPrivateKey(candidate));
    if (key === undefined) return null;
    const above = await chains(record, certificate, async () =>
      chainAbove(certificate, { ca: await listed('CA'), root: await listed('Root'), aia: new Map() }),
    );
    return {
      certificate,
      key,
      above,
      allowTls13: (record.flags & DISABLE_TLS13) === 0,
    };
  };
}
