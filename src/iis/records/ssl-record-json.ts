import { EverbindError } from '../../errors/error.ts';
import type { Json } from '../../ports/deployment.ts';
import type { SslRecord, SslRecordKey } from '../../ports/windows-host.ts';

// Records in the form of the journal. Everything read back is checked: another version of Everbind may have written it.

type JsonObject = { readonly [key: string]: Json };

/** A record for the journal. */
export function encodeRecord(record: SslRecord): Json {
  return { ...record, key: encodeKey(record.key) };
}

/** The key of a record for the journal. */
export function encodeKey(key: SslRecordKey): Json {
  return { ...key };
}

/** Throws IIS_PLAN_INVALID. */
export function decodeRecord(json: Json | undefined): SslRecord {
  const object = asObject(json);
  return {
    key: decodeKey(object['key']),
    certificateHash: optionalText(object, 'certificateHash'),
    certificateStore: optionalText(object, 'certificateStore'),
    appId: text(object, 'appId'),
    certCheckMode: number(object, 'certCheckMode'),
    revocationFreshnessTime: number(object, 'revocationFreshnessTime'),
    revocationUrlRetrievalTimeout: number(object, 'revocationUrlRetrievalTimeout'),
    ctlIdentifier: optionalText(object, 'ctlIdentifier'),
    ctlStoreName: optionalText(object, 'ctlStoreName'),
    flags: number(object, 'flags'),
  };
}

/** Throws IIS_PLAN_INVALID. */
export function decodeKey(json: Json | undefined): SslRecordKey {
  const object = asObject(json);
  const kind = text(object, 'kind');
  const port = number(object, 'port');
  switch (kind) {
    case 'ipport':
      return { kind, address: text(object, 'address'), port };
    case 'hostnameport':
    case 'scopedccs':
      return { kind, host: text(object, 'host'), port };
    case 'ccs':
      return { kind, port };
    default:
      throw invalid('kind');
  }
}

/** Throws IIS_PLAN_INVALID. */
export function asObject(json: Json | undefined): JsonObject {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw invalid('an object');
  return json as JsonObject;
}

/** Throws IIS_PLAN_INVALID. */
export function asArray(json: Json | undefined): readonly Json[] {
  if (!Array.isArray(json)) throw invalid('a list');
  return json as readonly Json[];
}

/** Throws IIS_PLAN_INVALID. */
export function text(object: JsonObject, name: string): string {
  const value = object[name];
  if (typeof value !== 'string') throw invalid(name);
  return value;
}

/** Throws IIS_PLAN_INVALID. */
export function optionalText(object: JsonObject, name: string): string | null {
  return object[name] === null ? null : text(object, name);
}

/** Throws IIS_PLAN_INVALID. */
export function number(object: JsonObject, name: string): number {
  const value = object[name];
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw invalid(name);
  return value;
}

function invalid(what: string): EverbindError {
  return new EverbindError('IIS_PLAN_INVALID', `a recorded binding plan lacks ${what}`, { what });
}
