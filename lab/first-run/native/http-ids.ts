import type { SslRecordKey } from '../../../src/ports/windows-host.ts';
import { type Layout, layouts } from '../../../src/windows/ffi/layouts.ts';
import { numberRoom } from '../../../src/windows/ffi/native.ts';
import { Structure } from '../../../src/windows/ffi/structure.ts';
import { configured } from '../../../src/windows/http/http-configuration.ts';
import { keyStructure, nextQuery } from '../../../src/windows/http/ssl-record-structures.ts';
import { type Asking, nativeOf, statusText } from '../asking.ts';

/** HTTP_SERVICE_CONFIG_ID of http.h: HttpServiceConfigIPListenList to HttpServiceConfigSslScopedCcsCertInfoEx. */
const IDS = Array.from({ length: 13 }, (_, id) => id);
const MOST_RECORDS = 100_000;
const ROOM = 65_536;

// HttpServiceConfigQueryNext, and the queries of the …Ex ids, which also name a type of parameter: the first one here.
const QUERY_NEXT = 1;
const exQueries = {
  8: layouts.HTTP_SERVICE_CONFIG_SSL_QUERY_EX,
  9: layouts.HTTP_SERVICE_CONFIG_SSL_SNI_QUERY_EX,
  10: layouts.HTTP_SERVICE_CONFIG_SSL_CCS_QUERY_EX,
  12: layouts.HTTP_SERVICE_CONFIG_SSL_SNI_QUERY_EX,
} as const satisfies Readonly<Record<number, Layout>>;

export interface IdStatus {
  readonly id: number;
  /** Of the first query. */
  readonly status: number;
  /** null where an id is no enumeration. */
  readonly records: number | null;
}

/** What a query of each id returns; records are counted where it enumerates. */
export async function queryIds(asking: Asking): Promise<readonly IdStatus[]> {
  const native = nativeOf(asking);
  const found: IdStatus[] = [];
  for (const id of IDS) {
    let records = 0;
    const ask = (position: number): number =>
      configured(native, () => {
        const [input, answer, length] = [inputOf(asking, id, position), Buffer.alloc(ROOM), numberRoom()];
        const { httpapi } = native;
        const octets = input?.length ?? 0;
        return httpapi.HttpQueryServiceConfiguration(null, id, input, octets, answer, answer.length, length, null);
      });
    const status = await asking.call(`HttpQueryServiceConfiguration ${id}`, () => ask(0));
    const enumerates = ![0, 3, 4, 7].includes(id);
    if (enumerates && status === 0) {
      records = 1;
      while (records < MOST_RECORDS && ask(records) === 0) records += 1;
    }
    found.push({ id, status, records: enumerates ? records : null });
  }
  return found;
}

function inputOf(asking: Asking, id: number, position: number): Buffer | null {
  const { ffi } = nativeOf(asking);
  switch (id) {
    case 0:
      return null;
    case 2: {
      // HTTP_SERVICE_CONFIG_URLACL_QUERY: QueryDesc, KeyDesc.pUrlPrefix, dwToken.
      const query = Buffer.alloc(24);
      query.writeUInt32LE(1, 0);
      query.writeUInt32LE(position, 16);
      return query;
    }
    case 1:
      return nextQuery(ffi, 'ipport', position);
    case 5:
      return nextQuery(ffi, 'hostnameport', position);
    case 6:
      return nextQuery(ffi, 'ccs', position);
    case 11:
      return nextQuery(ffi, 'scopedccs', position);
    case 8:
    case 9:
    case 10:
    case 12: {
      const layout: Layout<'QueryDesc' | 'dwToken'> = exQueries[id];
      return new Structure(ffi, layout).setUint32('QueryDesc', QUERY_NEXT).setUint32('dwToken', position).octets;
    }
    default:
      // HTTP_SERVICE_CONFIG_TIMEOUT_KEY, …_CACHE_KEY, …_SETTING_KEY: a number.
      return numberRoom(id === 7 ? 1 : 0);
  }
}

const SNI_EX_ID = 9;
/** Of the union in HTTP_SERVICE_CONFIG_SSL_PARAM_EX. */
const VALUE_OFFSET = 16;
/** ExParamTypeHttp2Window; the value is HTTP2_WINDOW_SIZE_PARAM, a number. */
const HTTP2_WINDOW = 0;
const WINDOW = 131_072;

/**
 * Sets an …Ex parameter of an SNI record, has the record changed, and looks whether the parameter is still there. null
 * where it cannot be told.
 */
export async function exParametersAcross(
  asking: Asking,
  key: SslRecordKey,
  change: () => Promise<unknown>,
): Promise<{ readonly kept: boolean | null; readonly text: string }> {
  if (asking.native === null) {
    await change();
    return { kept: null, text: 'not asked, needs the native calls of Windows' };
  }
  const { native } = asking;
  const structure = keyStructure(native.ffi, key);
  if (structure === null) throw new RangeError('no key of a record');
  const { ffi, httpapi } = native;
  const { ParamDesc: keyOctets } = layouts.HTTP_SERVICE_CONFIG_SSL_SNI_SET_EX.fields;
  const parameter = new Structure(ffi, layouts.HTTP_SERVICE_CONFIG_SSL_PARAM_EX).setUint32('ParamType', HTTP2_WINDOW);
  parameter.octets.writeUInt32LE(WINDOW, VALUE_OFFSET);
  const set = new Structure(ffi, layouts.HTTP_SERVICE_CONFIG_SSL_SNI_SET_EX)
    .setOctets('ParamDesc', parameter.octets)
    .keep(structure.octets);
  structure.octets.copy(set.octets, 0, 0, keyOctets);
  const status = await asking.call('HttpSetServiceConfiguration 9', () =>
    configured(native, () => httpapi.HttpSetServiceConfiguration(null, SNI_EX_ID, set.octets, set.octets.length, null)),
  );
  const read = (): Promise<number> =>
    asking.call('HttpQueryServiceConfiguration 9', () =>
      configured(native, () => {
        const query = new Structure(ffi, layouts.HTTP_SERVICE_CONFIG_SSL_SNI_QUERY_EX)
          .setOctets('KeyDesc', structure.octets.subarray(0, keyOctets))
          .setUint32('ParamType', HTTP2_WINDOW)
          .keep(structure.octets);
        const [answer, length] = [Buffer.alloc(ROOM), numberRoom()];
        return httpapi.HttpQueryServiceConfiguration(
          null,
          SNI_EX_ID,
          query.octets,
          query.octets.length,
          answer,
          answer.length,
          length,
          null,
        );
      }),
    );
  const before = status === 0 ? await read() : status;
  await change();
  if (status !== 0 || before !== 0) return { kept: null, text: `could not be set (${statusText(before)})` };
  const after = await read();
  return { kept: after === 0, text: after === 0 ? 'kept' : `gone (${statusText(after)})` };
}
