import { EverbindError } from '../errors/error.ts';
import type { Json } from '../ports/deployment.ts';
import { canonicalJson, wellFormed } from './canonical-json.ts';

/** What a caller logs. */
export interface AuditEvent {
  /** `order.created` */
  readonly type: string;
  /** What it is about: the name of a managed certificate, an issuer. */
  readonly subject: string;
  readonly data: Json;
}

/** Where an event stands in the log. */
export interface EventPosition {
  /** Its index, from 0. */
  readonly seq: number;
  /** Index of the first event of the same commit. A checkpoint ends each commit. */
  readonly commit: number;
  /** ms since 1970. */
  readonly time: number;
}

export interface LoggedEvent extends AuditEvent, EventPosition {}

/** The most octets that one event may take. */
export const MOST_EVENT_OCTETS = 4 * 1024 * 1024;

/** The leaf of an event: canonical JSON. Throws AUDIT_EVENT_INVALID when it is too large or has no canonical form. */
export function encodeEvent(event: AuditEvent, position: EventPosition): string {
  const { type, subject, data } = event;
  const { seq, commit, time } = position;
  const leaf = { v: 1, seq, commit, time: new Date(time).toISOString(), type, subject, data };
  const text = canonicalText(leaf);
  if (Buffer.byteLength(text) > MOST_EVENT_OCTETS) {
    throw new EverbindError('AUDIT_EVENT_INVALID', `the event cannot be logged: it is too large`, { type });
  }
  return text;
}

/** Replaces half surrogate pairs only when there are some: nearly every text from a peer is well-formed. */
function canonicalText(leaf: Json): string {
  try {
    return canonicalJson(leaf);
  } catch {
    return canonicalJson(wellFormed(leaf));
  }
}

/** The event of a leaf, or null when the text is not exactly what `encodeEvent` writes. */
export function decodeEvent(text: string): LoggedEvent | null {
  const leaf = parse(text);
  if (leaf === null || Object.keys(leaf).sort().join() !== 'commit,data,seq,subject,time,type,v') return null;
  const { v, seq, commit, time, type, subject, data = null } = leaf;
  const ms = typeof time === 'string' ? Date.parse(time) : Number.NaN;
  const valid =
    v === 1 &&
    isIndex(seq) &&
    isIndex(commit) &&
    commit <= seq &&
    !Number.isNaN(ms) &&
    new Date(ms).toISOString() === time &&
    typeof type === 'string' &&
    typeof subject === 'string';
  return valid ? { seq, commit, time: ms, type, subject, data } : null;
}

function parse(text: string): { readonly [key: string]: Json } | null {
  try {
    const value = JSON.parse(text) as Json;
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject && canonicalJson(value) === text ? (value as { readonly [key: string]: Json }) : null;
  } catch {
    return null;
  }
}

function isIndex(value: Json | undefined): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
