import { createHash } from 'node:crypto';
import type { PersistTerms } from '../../ports/solver.ts';

// dns-persist-01 (draft-ietf-acme-dns-persist): with one lasting TXT record the owner of a name lets an account of a CA
// have certificates.

/** Lower-case A-labels without a dot at the end (draft-ietf-acme-dns-persist). */
const ISSUER_DOMAIN = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/;

/**
 * The names of a CA in records of dns-persist-01, 1 to 10; null for anything else, which makes this challenge unusable,
 * not the others.
 */
export function issuerDomainsOf(value: unknown): readonly string[] | null {
  if (!Array.isArray(value) || value.length < 1 || value.length > 10) return null;
  return value.every((item): item is string => typeof item === 'string' && ISSUER_DOMAIN.test(item))
    ? [...value]
    : null;
}

export interface PersistParties {
  readonly domain: string;
  /** The CA's names, in its order of preference. */
  readonly issuerDomains: readonly string[];
  readonly accountUrl: string;
  /** Of the account's key. */
  readonly thumbprint: string;
  /** Directory metadata; null for a CA of the draft up to -01, where the record has the account in the clear. */
  readonly accountHashPrefix: string | null;
}

/**
 * What the record must say. From draft -02 on the account is hashed with its key and the domain; `*` in place of the
 * domain makes one text for all domains, which the CA accepts as well.
 */
export function persistTerms(parties: PersistParties): PersistTerms {
  const { domain, issuerDomains, accountUrl, thumbprint, accountHashPrefix: prefix } = parties;
  if (prefix === null) return { issuerDomains, accountUris: [accountUrl] };
  const accountUris = [domain, '*'].map((bound) => `${prefix}sha-256/${accountHash(bound, thumbprint, accountUrl)}`);
  return { issuerDomains, accountUris };
}

/** base64url of the hash of -02. `domain`: a name of at most 253 octets, or `*`. */
export function accountHash(domain: string, keyThumbprint: string, accountUrl: string): string {
  const hash = createHash('sha256').update(Uint8Array.of(domain.length)).update(domain);
  return hash.update(keyThumbprint).update(accountUrl).digest('base64url');
}

/** The name of the record. */
export function persistName(domain: string): string {
  return `_validation-persist.${domain}`;
}

/** The record to create. `wildcard`: for `*.` of the name as well. */
export function persistValue({ issuerDomains, accountUris }: PersistTerms, wildcard: boolean): string {
  return `${issuerDomains[0] ?? ''}; accounturi=${accountUris[0] ?? ''}${wildcard ? '; policy=wildcard' : ''}`;
}

/** From best to worst; only `granted` is permission. */
const VERDICTS = ['granted', 'expired', 'no-wildcard', 'other-account', 'malformed', 'missing'] as const;
export type PersistVerdict = (typeof VERDICTS)[number];

/** What the records of the name mean for a CA at `now`, milliseconds since 1970. Those for other CAs are ignored. */
export function judgePersist(
  records: readonly string[],
  terms: PersistTerms,
  { wildcard, now }: { readonly wildcard: boolean; readonly now: number },
): PersistVerdict {
  const verdicts = records.map((record) => judge(record, terms, wildcard, now));
  return VERDICTS.find((verdict) => verdicts.includes(verdict)) ?? 'missing';
}

function judge(record: string, terms: PersistTerms, wildcard: boolean, now: number): PersistVerdict {
  const [issuer = '', ...parts] = record.split(';').map(trimmed);
  if (!terms.issuerDomains.includes(issuer.toLowerCase().replace(/\.$/, ''))) return 'missing';
  const parameters = readParameters(parts);
  const account = parameters?.get('accounturi');
  const until = parameters?.get('persistuntil');
  if (parameters === null || account === undefined || (until !== undefined && !/^\d{1,15}$/.test(until))) {
    return 'malformed';
  }
  // Byte for byte, as the CA compares them.
  if (!terms.accountUris.includes(account)) return 'other-account';
  if (wildcard && parameters.get('policy')?.toLowerCase() !== 'wildcard') return 'no-wildcard';
  return until !== undefined && Number(until) * 1_000 < now ? 'expired' : 'granted';
}

/** RFC 8659 section 4.2, tags in lower case; null for a value that a CA would refuse. */
function readParameters(parts: readonly string[]): ReadonlyMap<string, string> | null {
  const parameters = new Map<string, string>();
  for (const part of parts) {
    const equals = part.indexOf('=');
    const tag = trimmed(part.slice(0, Math.max(equals, 0))).toLowerCase();
    const value = trimmed(part.slice(equals + 1));
    if (!/^[a-z0-9]+$/.test(tag) || !/^[!-:<-~]*$/.test(value) || parameters.has(tag)) return null;
    parameters.set(tag, value);
  }
  return parameters;
}

function trimmed(text: string): string {
  return text.replace(/^[\t ]+|[\t ]+$/g, '');
}
