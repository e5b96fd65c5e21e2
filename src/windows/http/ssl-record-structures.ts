import type { SslRecord, SslRecordKey } from '../../ports/windows-host.ts';
import type { Ffi } from '../ffi/load.ts';
import { guidOctets, guidText } from '../ffi/guid.ts';
import { type Layout, layouts } from '../ffi/layouts.ts';
import { readSocketAddress, socketAddress, socketAddressSize, socketAddressStorage } from './socket-address.ts';
import { FilledBuffer, Structure } from '../ffi/structure.ts';

type RecordKind = SslRecordKey['kind'];

/** HTTP_SERVICE_CONFIG_ID of each kind of record. */
export const configIds: Readonly<Record<RecordKind, number>> = { ipport: 1, hostnameport: 5, ccs: 6, scopedccs: 11 };

// Records by host name and records of the central store have no address of their own; http.sys wants this one there.
const ANY = '0.0.0.0';

const QUERY_EXACT = 0;
const QUERY_NEXT = 1;

type SslParam = Structure<keyof (typeof layouts.HTTP_SERVICE_CONFIG_SSL_PARAM)['fields']>;

/** The structure that set, update and delete take, and the part of it that holds the parameters. */
interface SetStructure {
  readonly octets: Buffer;
  readonly param: SslParam;
}

/** The structure with the record's name alone; null for a name that http.sys could not hold. */
export function keyStructure(ffi: Ffi, key: SslRecordKey): SetStructure | null {
  const address = key.kind === 'ipport' ? socketAddress(key.address, key.port) : socketAddressStorage(ANY, key.port);
  if (address === null) return null;
  switch (key.kind) {
    case 'ipport': {
      const set = new Structure(ffi, layouts.HTTP_SERVICE_CONFIG_SSL_SET).point('KeyDesc.pIpPort', address);
      return { octets: set.octets, param: set.embedded('ParamDesc', layouts.HTTP_SERVICE_CONFIG_SSL_PARAM) };
    }
    case 'hostnameport':
    case 'scopedccs': {
      if (!isHost(key.host)) return null;
      const set = new Structure(ffi, layouts.HTTP_SERVICE_CONFIG_SSL_SNI_SET)
        .setOctets('KeyDesc.IpPort', address)
        .pointToText('KeyDesc.Host', key.host);
      return { octets: set.octets, param: set.embedded('ParamDesc', layouts.HTTP_SERVICE_CONFIG_SSL_PARAM) };
    }
    case 'ccs': {
      const set = new Structure(ffi, layouts.HTTP_SERVICE_CONFIG_SSL_CCS_SET).setOctets(
        'KeyDesc.LocalAddress',
        address,
      );
      return { octets: set.octets, param: set.embedded('ParamDesc', layouts.HTTP_SERVICE_CONFIG_SSL_PARAM) };
    }
  }
}

/** The structure with the whole record; null for a record that http.sys could not hold. */
export function recordStructure(ffi: Ffi, record: SslRecord): SetStructure | null {
  const structure = keyStructure(ffi, record.key);
  const appId = guidOctets(record.appId);
  const { certificateHash } = record;
  const numbers = [
    record.certCheckMode,
    record.revocationFreshnessTime,
    record.revocationUrlRetrievalTimeout,
    record.flags,
  ];
  const needsHash = record.key.kind === 'ipport' || record.key.kind === 'hostnameport';
  if (
    structure === null ||
    appId === null ||
    !(certificateHash === null ? !needsHash : /^[0-9a-f]{40}$/i.test(certificateHash)) ||
    !numbers.every((value) => Number.isInteger(value) && value >= 0 && value <= 0xffffffff)
  ) {
    return null;
  }
  const { param } = structure;
  if (certificateHash !== null) {
    const sha1 = Buffer.from(certificateHash, 'hex');
    param.setUint32('SslHashLength', sha1.length).point('pSslHash', sha1);
  }
  param
    .setOctets('AppId', appId)
    .pointToText('pSslCertStoreName', record.certificateStore)
    .setUint32('DefaultCertCheckMode', record.certCheckMode)
    .setUint32('DefaultRevocationFreshnessTime', record.revocationFreshnessTime)
    .setUint32('DefaultRevocationUrlRetrievalTimeout', record.revocationUrlRetrievalTimeout)
    .pointToText('pDefaultSslCtlIdentifier', record.ctlIdentifier)
    .pointToText('pDefaultSslCtlStoreName', record.ctlStoreName)
    .setUint32('DefaultFlags', record.flags);
  return structure;
}

// A wildcard stands for the left-most label only.
function isHost(host: string): boolean {
  return host.length <= 255 && /^(?:\*\.)?[^\s*:/\\\0]+$/.test(host);
}

// The three structures have the same fields.
const queryLayouts = {
  ipport: layouts.HTTP_SERVICE_CONFIG_SSL_QUERY,
  hostnameport: layouts.HTTP_SERVICE_CONFIG_SSL_SNI_QUERY,
  ccs: layouts.HTTP_SERVICE_CONFIG_SSL_CCS_QUERY,
  scopedccs: layouts.HTTP_SERVICE_CONFIG_SSL_SNI_QUERY,
} as const satisfies Readonly<Record<RecordKind, Layout>>;

// Set structures begin with the name, which queries contain in the same form.
const keySizes: Readonly<Record<RecordKind, number>> = {
  ipport: layouts.HTTP_SERVICE_CONFIG_SSL_SET.fields.ParamDesc,
  hostnameport: layouts.HTTP_SERVICE_CONFIG_SSL_SNI_SET.fields.ParamDesc,
  ccs: layouts.HTTP_SERVICE_CONFIG_SSL_CCS_SET.fields.ParamDesc,
  scopedccs: layouts.HTTP_SERVICE_CONFIG_SSL_SNI_SET.fields.ParamDesc,
};

/** The structure that asks for one record; null for a name that http.sys could not hold. */
export function exactQuery(ffi: Ffi, key: SslRecordKey): Buffer | null {
  const structure = keyStructure(ffi, key);
  if (structure === null) return null;
  return new Structure(ffi, queryLayouts[key.kind])
    .setUint32('QueryDesc', QUERY_EXACT)
    .setOctets('KeyDesc', structure.octets.subarray(0, keySizes[key.kind]))
    .keep(structure.octets).octets;
}

/** The structure that asks for the record at a position. */
export function nextQuery(ffi: Ffi, kind: RecordKind, position: number): Buffer {
  return new Structure(ffi, queryLayouts[kind]).setUint32('QueryDesc', QUERY_NEXT).setUint32('dwToken', position)
    .octets;
}

/** Reads the set structure that a query returned. Throws RangeError for one that is cut short. */
export function readRecord(ffi: Ffi, kind: RecordKind, octets: Buffer): SslRecord {
  const filled = new FilledBuffer(ffi, octets);
  const { key, param } = readKey(ffi, kind, filled);
  const hash = filled.at(param.uint64('pSslHash'), param.uint32('SslHashLength'));
  const appId = layouts.HTTP_SERVICE_CONFIG_SSL_PARAM.fields.AppId;
  return {
    key,
    certificateHash: hash === null || hash.length === 0 ? null : hash.toString('hex'),
    certificateStore: filled.textAt(param.uint64('pSslCertStoreName')),
    appId: guidText(param.octets.subarray(appId, appId + 16)),
    certCheckMode: param.uint32('DefaultCertCheckMode'),
    revocationFreshnessTime: param.uint32('DefaultRevocationFreshnessTime'),
    revocationUrlRetrievalTimeout: param.uint32('DefaultRevocationUrlRetrievalTimeout'),
    ctlIdentifier: filled.textAt(param.uint64('pDefaultSslCtlIdentifier')),
    ctlStoreName: filled.textAt(param.uint64('pDefaultSslCtlStoreName')),
    flags: param.uint32('DefaultFlags'),
  };
}

function readKey(
  ffi: Ffi,
  kind: RecordKind,
  filled: FilledBuffer,
): { readonly key: SslRecordKey; readonly param: SslParam } {
  switch (kind) {
    case 'ipport': {
      const set = new Structure(ffi, layouts.HTTP_SERVICE_CONFIG_SSL_SET, filled.octets);
      const pointer = set.uint64('KeyDesc.pIpPort');
      const size = socketAddressSize(filled.at(pointer, 2) ?? Buffer.alloc(2));
      const place = size === null ? null : readSocketAddress(filled.at(pointer, size) ?? Buffer.alloc(0));
      if (place === null) throw new RangeError('a record has no address');
      return { key: { kind, ...place }, param: set.embedded('ParamDesc', layouts.HTTP_SERVICE_CONFIG_SSL_PARAM) };
    }
    case 'hostnameport':
    case 'scopedccs': {
      const set = new Structure(ffi, layouts.HTTP_SERVICE_CONFIG_SSL_SNI_SET, filled.octets);
      const { port } = readSocketAddress(filled.octets) ?? { port: 0 };
      const host = filled.textAt(set.uint64('KeyDesc.Host')) ?? '';
      return { key: { kind, host, port }, param: set.embedded('ParamDesc', layouts.HTTP_SERVICE_CONFIG_SSL_PARAM) };
    }
    case 'ccs': {
      const set = new Structure(ffi, layouts.HTTP_SERVICE_CONFIG_SSL_CCS_SET, filled.octets);
      const { port } = readSocketAddress(filled.octets) ?? { port: 0 };
      return { key: { kind, port }, param: set.embedded('ParamDesc', layouts.HTTP_SERVICE_CONFIG_SSL_PARAM) };
    }
  }
}
