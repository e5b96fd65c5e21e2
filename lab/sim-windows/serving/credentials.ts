import { setTimeout as sleep } from 'node:timers/promises';
import { recordKeyId } from '../../../src/iis/records/ssl-record.ts';
import type { SslRecord } from '../../../src/ports/windows-host.ts';

/** What SChannel keeps of the certificates that records name. */
export interface Credentials {
  /** Resolves when this record's certificate can be served. */
  acquired(record: SslRecord): Promise<void>;
}

/**
 * SChannel builds a certificate's chain when it acquires credentials, and keeps them (dotnet/runtime #43879). With AIA
 * or OCSP out of reach the first handshake after a change of a record waits so long, and whoever comes meanwhile with
 * it. What the records hold at the first handshake of all has been served for a long time.
 */
export function createCredentials(firstHandshakeMs: number, records: () => readonly SslRecord[]): Credentials {
  const kept = new Map<string, { readonly hash: string | null; readonly ready: Promise<unknown> }>();
  let begun = false;
  const keep = ({ key, certificateHash }: SslRecord, ms: number): Promise<unknown> => {
    const ready = ms === 0 ? Promise.resolve() : sleep(ms);
    kept.set(recordKeyId(key), { hash: certificateHash, ready });
    return ready;
  };
  return {
    acquired: async (record) => {
      if (firstHandshakeMs === 0) return;
      if (!begun) for (const each of records()) void keep(each, 0);
      begun = true;
      const known = kept.get(recordKeyId(record.key));
      await (known?.hash === record.certificateHash ? known.ready : keep(record, firstHandshakeMs));
    },
  };
}
