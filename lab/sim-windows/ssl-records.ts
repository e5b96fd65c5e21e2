import { isIPv4, isIPv6 } from 'node:net';
import { WindowsError } from '../../src/errors/error.ts';
import { formatIp, parseIp } from '../../src/pki/x509/ip-address.ts';
import type { SslRecord, SslRecordKey, SslRecords } from '../../src/ports/windows-host.ts';
import { oldBelief } from '../beliefs/old-belief.ts';

const FILE_NOT_FOUND = 2;
const INVALID_PARAMETER = 87;
const ALREADY_EXISTS = 183;
const NO_SUCH_LOGON_SESSION = 1312;

export interface SimRecords extends SslRecords {
  /** The records in the order in which they were made. */
  readonly current: () => readonly SslRecord[];
}

/**
 * The SSL configuration of http.sys, ids 1, 5, 6 and 11. `hasCertificate` tells whether LocalMachine\store has the
 * certificate with its key; `changed` runs after each change. Whether host names have a case is not documented either:
 * `hostCase`. The order of `enumerate` is undocumented in Windows, so
 * here it differs from call to call.
 */
export function createRecords(
  hasCertificate: (store: string | null, hash: string) => boolean,
  changed: () => Promise<void>,
  hostCase: 'ignored' | 'kept' = 'ignored',
): SimRecords {
  const records = new Map<string, SslRecord>();
  const keyId = (key: SslRecordKey): string => recordId(key, hostCase);
  const draw = randomSequence(0x5eed);
  const check = (call: string, record: SslRecord): void => {
    const { kind } = record.key;
    if (!isValid(record)) throw new WindowsError(call, INVALID_PARAMETER, { kind });
    if (record.certificateHash !== null && !hasCertificate(record.certificateStore, record.certificateHash)) {
      throw new WindowsError(call, NO_SUCH_LOGON_SESSION, { kind });
    }
  };
  return {
    current: () => [...records.values()],
    enumerate: async () => shuffled([...records.values()], draw),
    query: async (key) => records.get(keyId(key)) ?? null,
    set: async (record) => {
      check('HttpSetServiceConfiguration', record);
      if (records.has(keyId(record.key))) throw new WindowsError('HttpSetServiceConfiguration', ALREADY_EXISTS);
      records.set(keyId(record.key), kept(record, record.key));
      await changed();
    },
    update: async (record) => {
      const old = records.get(keyId(record.key));
      if (isValid(record) && old === undefined) {
        throw new WindowsError('HttpUpdateServiceConfiguration', FILE_NOT_FOUND);
      }
      check('HttpUpdateServiceConfiguration', record);
      records.set(keyId(record.key), kept(record, old?.key ?? record.key));
      await changed();
    },
    remove: async (key) => {
      if (!records.delete(keyId(key))) throw new WindowsError('HttpDeleteServiceConfiguration', FILE_NOT_FOUND);
      await changed();
    },
  };
}

// Whether http.sys takes A-labels for Unicode names is not documented, so here it does not.
function recordId(key: SslRecordKey, hostCase: 'ignored' | 'kept'): string {
  switch (key.kind) {
    case 'ipport': {
      const octets = parseIp(key.address);
      return `ipport ${octets === null ? key.address : formatIp(octets)} ${key.port}`;
    }
    case 'hostnameport':
    case 'scopedccs':
      return `${key.kind} ${hostCase === 'kept' ? key.host : key.host.toLowerCase()} ${key.port}`;
    case 'ccs':
      return `ccs ${key.port}`;
  }
}

// MY is what http.sys looks in when a record names no store; whether it reads back by name is not documented, so here
// it does not.
function kept(record: SslRecord, key: SslRecordKey): SslRecord {
  const isDefault = record.certificateStore?.toUpperCase() === 'MY' && !oldBelief('D6');
  return structuredClone({ ...record, key, certificateStore: isDefault ? null : record.certificateStore });
}

/** Equal for two keys that name the same record. */
export function sameKey(left: SslRecordKey, right: SslRecordKey): boolean {
  return recordId(left, 'ignored') === recordId(right, 'ignored');
}

function isValid(record: SslRecord): boolean {
  const { key } = record;
  const unsigned = [
    record.certCheckMode,
    record.revocationFreshnessTime,
    record.revocationUrlRetrievalTimeout,
    record.flags,
  ];
  const needsHash = key.kind === 'ipport' || key.kind === 'hostnameport';
  return (
    Number.isInteger(key.port) &&
    key.port >= 1 &&
    key.port <= 65535 &&
    (key.kind !== 'ipport' || isIPv4(key.address) || isIPv6(key.address)) &&
    (key.kind === 'ipport' || key.kind === 'ccs' || isHost(key.host)) &&
    (needsHash
      ? /^[0-9a-f]{40}$/i.test(record.certificateHash ?? '')
      : record.certificateHash === null && record.certificateStore === null) &&
    /^\{[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\}$/i.test(record.appId) &&
    unsigned.every((value) => Number.isInteger(value) && value >= 0 && value <= 0xffffffff) &&
    (key.kind !== 'ccs' || hasDefaultOptions(record) || oldBelief('D5'))
  );
}

// The record of the central store for a whole port takes no options, as integration tests of SslCertBinding.Net on
// Windows show.
function hasDefaultOptions(record: SslRecord): boolean {
  const { certCheckMode, revocationFreshnessTime, revocationUrlRetrievalTimeout, ctlIdentifier, ctlStoreName, flags } =
    record;
  const numbers = [certCheckMode, revocationFreshnessTime, revocationUrlRetrievalTimeout, flags];
  return numbers.every((value) => value === 0) && ctlIdentifier === null && ctlStoreName === null;
}

// A wildcard stands for the left-most label only.
function isHost(host: string): boolean {
  return host.length <= 255 && /^(?:\*\.)?[^\s*:/\\]+$/.test(host);
}

function shuffled<T>(items: T[], draw: () => number): readonly T[] {
  for (let index = items.length - 1; index > 0; index -= 1) {
    const other = Math.floor(draw() * (index + 1));
    [items[index], items[other]] = [items[other] as T, items[index] as T];
  }
  return items;
}

// mulberry32: the same sequence in every run, so that a test that depends on the order fails every time.
function randomSequence(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}
