import { WindowsError } from '../../errors/error.ts';
import type { SslRecordKey } from '../../ports/windows-host.ts';
import type { Ffi } from '../ffi/load.ts';
import { type Layout, layouts } from '../ffi/layouts.ts';
import { type Native, numberRoom } from '../ffi/native.ts';
import { STATUS } from '../status.ts';
import { Structure } from '../ffi/structure.ts';
import { socketAddressStorage } from './socket-address.ts';

type RecordKind = SslRecordKey['kind'];

/** HTTP_SERVICE_CONFIG_ID of the parameters beside each kind of record (http.h, HttpServiceConfigSsl…Ex). */
const ids: Readonly<Record<RecordKind, number>> = { ipport: 8, hostnameport: 9, ccs: 10, scopedccs: 12 };

/**
 * HTTP_SSL_SERVICE_CONFIG_EX_PARAM_TYPE, 0 to 6: HTTP/2 windows and settings, performance, TLS restrictions, error
 * headers, session ticket keys, certificate configuration. A Windows that does not know one answers 87.
 */
const TYPES = 7;

const ROOM = 1 << 16;

// The record has none of this type, or this Windows knows no such id or type.
const absent: ReadonlySet<number> = new Set([
  STATUS.FILE_NOT_FOUND,
  STATUS.NOT_FOUND,
  STATUS.NO_MORE_ITEMS,
  STATUS.INVALID_PARAMETER,
  STATUS.INVALID_FUNCTION,
  STATUS.NOT_SUPPORTED,
  STATUS.CALL_NOT_IMPLEMENTED,
]);

/**
 * The types of the parameters that lie beside a record; none for an absent record. Removing the record removes them
 * too. Must be called inside `configured`. Throws WindowsError when http.sys does not say.
 */
export function extendedParameterTypes({ ffi, httpapi }: Native, key: SslRecordKey): readonly number[] {
  return Array.from({ length: TYPES }, (_, type) => type).filter((type) => {
    const query = queryStructure(ffi, key, type);
    if (query === null) return false;
    const answer = Buffer.alloc(ROOM);
    const status = httpapi.HttpQueryServiceConfiguration(
      null,
      ids[key.kind],
      query,
      query.length,
      answer,
      answer.length,
      numberRoom(),
      null,
    );
    if (absent.has(status)) return false;
    // Too much for the room is something too.
    if (status === STATUS.INSUFFICIENT_BUFFER || status === STATUS.MORE_DATA) return true;
    if (status !== 0) throw new WindowsError('HttpQueryServiceConfiguration', status, { kind: key.kind });
    return hasParameters(key.kind, answer);
  });
}

/** The structure that asks for one type; null for a name that http.sys could not hold. */
function queryStructure(ffi: Ffi, key: SslRecordKey, type: number): Buffer | null {
  const address = socketAddressStorage(key.kind === 'ipport' ? key.address : '0.0.0.0', key.port);
  if (address === null) return null;
  const layout: Layout<'QueryDesc' | 'KeyDesc' | 'ParamType'> = queryLayouts[key.kind];
  const query = new Structure(ffi, layout).setOctets('KeyDesc', address).setUint32('ParamType', type);
  if ('host' in key) {
    const name = new Structure(ffi, layouts.HTTP_SERVICE_CONFIG_SSL_SNI_SET).pointToText('KeyDesc.Host', key.host);
    const { 'KeyDesc.Host': start } = layouts.HTTP_SERVICE_CONFIG_SSL_SNI_SET.fields;
    query.octets.set(name.octets.subarray(start, start + 8), layout.fields.KeyDesc + start);
    query.keep(name.octets);
  }
  return query.octets;
}

const queryLayouts = {
  ipport: layouts.HTTP_SERVICE_CONFIG_SSL_QUERY_EX,
  hostnameport: layouts.HTTP_SERVICE_CONFIG_SSL_SNI_QUERY_EX,
  ccs: layouts.HTTP_SERVICE_CONFIG_SSL_CCS_QUERY_EX,
  scopedccs: layouts.HTTP_SERVICE_CONFIG_SSL_SNI_QUERY_EX,
} as const satisfies Readonly<Record<RecordKind, Layout>>;

const setLayouts = {
  ipport: layouts.HTTP_SERVICE_CONFIG_SSL_SET_EX,
  hostnameport: layouts.HTTP_SERVICE_CONFIG_SSL_SNI_SET_EX,
  ccs: layouts.HTTP_SERVICE_CONFIG_SSL_CCS_SET_EX,
  scopedccs: layouts.HTTP_SERVICE_CONFIG_SSL_SNI_SET_EX,
} as const satisfies Readonly<Record<RecordKind, Layout>>;

// Whether http.sys answers for a record without parameters with a status or with a structure of zeros is not
// documented.
function hasParameters(kind: RecordKind, answer: Buffer): boolean {
  const { Flags } = layouts.HTTP_SERVICE_CONFIG_SSL_PARAM_EX.fields;
  const { size, fields } = setLayouts[kind];
  return answer.subarray(fields.ParamDesc + Flags, size).some((octet) => octet !== 0);
}
