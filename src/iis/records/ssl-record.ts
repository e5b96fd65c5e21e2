import { withoutZone } from '../config/bound-address.ts';
import { canonicalHost } from '../../pki/x509/names.ts';
import type { SslRecord, SslRecordKey } from '../../ports/windows-host.ts';

/** The application id that IIS gives its records, as seen in every configuration that IIS made. */
export const IIS_APP_ID = '{4dc3e181-e14b-4a21-b022-59fc669b0914}';

/** A record's key in the operator's words: `shop.example:443`, `0.0.0.0:443`, `[::1]:443`, `central store:443`. */
export function recordKeyText(key: SslRecordKey): string {
  switch (key.kind) {
    case 'ipport':
      return key.address.includes(':') ? `[${key.address}]:${key.port}` : `${key.address}:${key.port}`;
    case 'hostnameport':
      return `${key.host}:${key.port}`;
    case 'ccs':
      return `central store:${key.port}`;
    case 'scopedccs':
      return `central store ${key.host}:${key.port}`;
  }
}

/** A record as plans name it: `http.sys record shop.example:443`. */
export function recordTarget(key: SslRecordKey): string {
  return `http.sys record ${recordKeyText(key)}`;
}

/**
 * Equal for keys of the same record, however address and host are written; the zone of an IPv6 address does not count.
 */
export function recordKeyId(key: SslRecordKey): string {
  switch (key.kind) {
    case 'ipport':
      return `ipport ${canonicalHost(withoutZone(key.address))} ${key.port}`;
    case 'hostnameport':
    case 'scopedccs':
      return `${key.kind} ${canonicalHost(key.host)} ${key.port}`;
    case 'ccs':
      return `ccs ${key.port}`;
  }
}

/**
 * Whether two records are the same in every field, ignoring how key, hash, application id and store name are written.
 */
export function sameRecord(left: SslRecord, right: SslRecord): boolean {
  return (
    recordKeyId(left.key) === recordKeyId(right.key) &&
    left.certificateHash?.toLowerCase() === right.certificateHash?.toLowerCase() &&
    sameStore(left.certificateStore, right.certificateStore) &&
    left.appId.toLowerCase() === right.appId.toLowerCase() &&
    left.certCheckMode === right.certCheckMode &&
    left.revocationFreshnessTime === right.revocationFreshnessTime &&
    left.revocationUrlRetrievalTimeout === right.revocationUrlRetrievalTimeout &&
    left.ctlIdentifier === right.ctlIdentifier &&
    left.ctlStoreName === right.ctlStoreName &&
    left.flags === right.flags
  );
}

/** null means MY; store names have no case. */
export function sameStore(left: string | null, right: string | null): boolean {
  return (left ?? 'MY').toLowerCase() === (right ?? 'MY').toLowerCase();
}
