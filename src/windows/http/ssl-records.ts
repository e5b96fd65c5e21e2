import { EverbindError, WindowsError } from '../../errors/error.ts';
import type { SslRecord, SslRecordKey, SslRecords } from '../../ports/windows-host.ts';
import { configured } from './http-configuration.ts';
import { extendedParameterTypes } from './extended-parameters.ts';
import { mustBeZero, type Native, numberRoom } from '../ffi/native.ts';
import {
  configIds,
  exactQuery,
  keyStructure,
  nextQuery,
  readRecord,
  recordStructure,
} from './ssl-record-structures.ts';
import { STATUS } from '../status.ts';

const kinds: readonly SslRecordKey['kind'][] = ['ipport', 'hostnameport', 'ccs', 'scopedccs'];

// Statuses that end an enumeration: no more records; no record at all; a kind of record that this Windows does not
// have.
const ends: ReadonlySet<number> = new Set([
  STATUS.NO_MORE_ITEMS,
  STATUS.FILE_NOT_FOUND,
  STATUS.NOT_FOUND,
  STATUS.INVALID_PARAMETER,
  STATUS.NOT_SUPPORTED,
]);
const tooSmall: ReadonlySet<number> = new Set([STATUS.INSUFFICIENT_BUFFER, STATUS.MORE_DATA]);
const noSuchCall: ReadonlySet<number> = new Set([
  STATUS.INVALID_FUNCTION,
  STATUS.NOT_SUPPORTED,
  STATUS.CALL_NOT_IMPLEMENTED,
]);

const FIRST_ROOM = 1024;
const MAX_ROOM = 1 << 20;
const MAX_RECORDS = 100_000;
const MAX_READINGS = 5;
const RESTORE_ATTEMPTS = 3;

type Change = 'HttpSetServiceConfiguration' | 'HttpUpdateServiceConfiguration' | 'HttpDeleteServiceConfiguration';

/**
 * TLS records of http.sys over HttpQueryServiceConfiguration and its kin. http.sys enumerates them in no particular
 * order.
 */
export function createSslRecords(native: Native): SslRecords {
  const { ffi, httpapi } = native;

  /** The record, or the status with which the query failed. */
  const ask = (kind: SslRecordKey['kind'], query: Buffer): SslRecord | number => {
    const length = numberRoom();
    for (let room = FIRST_ROOM; room <= MAX_ROOM; room = Math.max(room * 2, length.readUInt32LE())) {
      const answer = Buffer.alloc(room);
      const status = httpapi.HttpQueryServiceConfiguration(
        null,
        configIds[kind],
        query,
        query.length,
        answer,
        answer.length,
        length,
        null,
      );
      if (status === 0) return readRecord(ffi, kind, answer);
      if (!tooSmall.has(status)) return status;
    }
    return STATUS.INSUFFICIENT_BUFFER;
  };

  const query = (key: SslRecordKey): SslRecord | null => {
    const exact = exactQuery(ffi, key);
    if (exact === null) return null;
    const found = ask(key.kind, exact);
    if (typeof found === 'object') return found;
    if (found === STATUS.FILE_NOT_FOUND || found === STATUS.NOT_FOUND) return null;
    // Older versions of Windows have no such records.
    if (found === STATUS.INVALID_PARAMETER && key.kind === 'scopedccs') return null;
    throw new WindowsError('HttpQueryServiceConfiguration', found, { kind: key.kind });
  };

  const readAll = (kind: SslRecordKey['kind']): readonly SslRecord[] => {
    const records: SslRecord[] = [];
    while (records.length < MAX_RECORDS) {
      const found = ask(kind, nextQuery(ffi, kind, records.length));
      if (typeof found === 'object') {
        records.push(found);
        continue;
      }
      // Windows refuses a kind of record that it does not have at the first query, not after some records.
      if (ends.has(found) && (found !== STATUS.INVALID_PARAMETER || records.length === 0)) return records;
      throw new WindowsError('HttpQueryServiceConfiguration', found, { kind });
    }
    return records;
  };

  /**
   * Positions move when others add and remove records meanwhile: a reading may pass over one, or have one twice. It is
   * repeated until two agree. Where they never do, the last one counts: whoever changes a record asks for it before.
   */
  const enumerate = (kind: SslRecordKey['kind']): readonly SslRecord[] => {
    let [records, text] = eachOnce(readAll(kind));
    for (let reading = 2; reading <= MAX_READINGS && records.length > 0; reading += 1) {
      const before = text;
      [records, text] = eachOnce(readAll(kind));
      if (text === before) break;
    }
    return records;
  };

  /** The status of a change. For a record that http.sys could not hold it is 87, and no call is made. */
  const change = (call: Change, kind: SslRecordKey['kind'], structure: { readonly octets: Buffer } | null): number => {
    const found = httpapi[call];
    if (structure === null) return STATUS.INVALID_PARAMETER;
    if (found === null) return STATUS.CALL_NOT_IMPLEMENTED;
    return found(null, configIds[kind], structure.octets, structure.octets.length, null);
  };

  const set = (record: SslRecord): number =>
    change('HttpSetServiceConfiguration', record.key.kind, recordStructure(ffi, record));

  const remove = (key: SslRecordKey): number =>
    change('HttpDeleteServiceConfiguration', key.kind, keyStructure(ffi, key));

  /**
   * For records and versions of Windows that cannot replace in one call: removes the old record and adds the new one.
   * If that fails, the old one is added again. Parameters beside the record would be gone: then nothing is changed
   * (IIS_RECORD_HAS_EXTENDED_PARAMETERS).
   */
  const replace = (record: SslRecord): void => {
    const { kind } = record.key;
    if (recordStructure(ffi, record) === null) {
      throw new WindowsError('HttpSetServiceConfiguration', STATUS.INVALID_PARAMETER, { kind });
    }
    const old = query(record.key);
    if (old === null) throw new WindowsError('HttpDeleteServiceConfiguration', STATUS.FILE_NOT_FOUND, { kind });
    const types = extendedParameterTypes(native, record.key);
    if (types.length > 0) throw hasExtendedParameters(record.key, types);
    const removed = remove(record.key);
    // A call may report a failure and have taken effect all the same.
    if (removed !== 0 && query(record.key) !== null) {
      throw new WindowsError('HttpDeleteServiceConfiguration', removed, { kind, recordInPlace: true });
    }
    const status = removed === 0 ? set(record) : removed;
    if (status === 0) return;
    let restored = STATUS.INVALID_PARAMETER as number;
    for (
      let attempt = 0;
      attempt < RESTORE_ATTEMPTS && restored !== 0 && restored !== STATUS.ALREADY_EXISTS;
      attempt += 1
    )
      restored = set(old);
    // 183: there is a record, the new one or somebody else's.
    const recordInPlace = restored === 0 || restored === STATUS.ALREADY_EXISTS;
    const call = removed === 0 ? 'HttpSetServiceConfiguration' : 'HttpDeleteServiceConfiguration';
    throw new WindowsError(call, status, { kind, recordInPlace });
  };

  return {
    enumerate: async () => configured(native, () => kinds.flatMap(enumerate)),

    query: async (key) => configured(native, () => query(key)),

    set: async (record) => {
      const { kind } = record.key;
      configured(native, () => mustBeZero('HttpSetServiceConfiguration', set(record), { kind }));
    },

    update: async (record) =>
      configured(native, () => {
        const { kind } = record.key;
        // Documented for the ids 1, 5 and 6.
        if (kind === 'scopedccs' || httpapi.HttpUpdateServiceConfiguration === null) return replace(record);
        const status = change('HttpUpdateServiceConfiguration', kind, recordStructure(ffi, record));
        if (noSuchCall.has(status)) return replace(record);
        mustBeZero('HttpUpdateServiceConfiguration', status, { kind });
      }),

    remove: async (key) => {
      configured(native, () => mustBeZero('HttpDeleteServiceConfiguration', remove(key), { kind: key.kind }));
    },
  };
}

function hasExtendedParameters(key: SslRecordKey, types: readonly number[]): EverbindError {
  const name = 'host' in key ? key.host : key.kind === 'ipport' ? key.address : 'central store';
  return new EverbindError(
    'IIS_RECORD_HAS_EXTENDED_PARAMETERS',
    `the http.sys record ${name}, port ${key.port}, has extended parameters (types ${types.join(', ')}), which would be lost`,
    { ...key, types: types.map(String) },
  );
}

/** The last record of each key, and a text that is equal for equal records in any order. */
function eachOnce(records: readonly SslRecord[]): readonly [readonly SslRecord[], string] {
  const byKey = new Map(records.map((record) => [JSON.stringify(record.key), record]));
  const texts = [...byKey.values()].map((record) => JSON.stringify(record));
  return [[...byKey.values()], texts.sort().join('\n')];
}
