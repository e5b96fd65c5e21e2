import { EverbindError } from '../../errors/error.ts';
import {
  ifReadable,
  invalidResponse,
  list,
  type Members,
  member,
  members,
  printable,
  string,
  url,
} from './decoding.ts';
import { issuerDomainsOf } from './dns-persist.ts';
import type { UrlPolicy } from './url-policy.ts';

/** The URLs of a CA (RFC 8555 section 7.1.1). Unknown members are ignored: some CAs add random ones to enforce that. */
export interface Directory {
  readonly newNonce: string;
  readonly newAccount: string;
  readonly newOrder: string;
  readonly newAuthz: string | null;
  readonly revokeCert: string | null;
  readonly keyChange: string | null;
  /** RFC 9773 section 4. */
  readonly renewalInfo: string | null;
  readonly meta: DirectoryMeta;
}

export interface DirectoryMeta {
  /** For people: not always a web address. */
  readonly termsOfService: string | null;
  readonly website: string | null;
  readonly caaIdentities: readonly string[];
  readonly externalAccountRequired: boolean;
  /** Name to description (draft-ietf-acme-profiles section 3); null when the CA has no profiles. */
  readonly profiles: ReadonlyMap<string, string> | null;
  /**
   * dns-persist-01 from draft -02 on: the prefix of a hashed account; null for CAs of earlier drafts, an error where it
   * cannot be used.
   */
  readonly accountHashPrefix: string | EverbindError | null;
  /** The CA's names in records of dns-persist-01, where the directory has them (from draft -02 on). */
  readonly issuerDomains: readonly string[] | null;
}

/**
 * What may be missing counts as missing where it cannot be read, so that it costs nobody a certificate. Throws
 * ACME_RESPONSE_INVALID, ACME_INSECURE_URL.
 */
export function decodeDirectory(value: unknown, policy: UrlPolicy): Directory {
  const object = members(value, 'directory');
  const required = (name: string): string => url(member(object, name), `directory.${name}`, policy);
  const possible = (name: string): string | null =>
    ifReadable(member(object, name), (found) => url(found, `directory.${name}`, policy));
  return {
    newNonce: required('newNonce'),
    newAccount: required('newAccount'),
    newOrder: required('newOrder'),
    newAuthz: possible('newAuthz'),
    revokeCert: possible('revokeCert'),
    keyChange: possible('keyChange'),
    renewalInfo: possible('renewalInfo'),
    meta: decodeMeta(ifReadable(member(object, 'meta'), (found) => members(found, 'directory.meta')) ?? {}),
  };
}

/** Host and port of the directory and of whatever it lists: where this CA may send us. */
export function directoryHosts(directoryUrl: string, directory: Directory): readonly string[] {
  const { newNonce, newAccount, newOrder, newAuthz, revokeCert, keyChange, renewalInfo } = directory;
  return [directoryUrl, newNonce, newAccount, newOrder, newAuthz, revokeCert, keyChange, renewalInfo].flatMap(
    (listed) => (listed === null ? [] : new URL(listed).host),
  );
}

/** The URL of an optional part of the directory. Throws ACME_NOT_OFFERED. */
export function offered(url: string | null, feature: string): string {
  if (url !== null) return url;
  throw new EverbindError('ACME_NOT_OFFERED', `The CA offers no ${feature}`, { feature });
}

/** Throws ACME_NOT_OFFERED for a profile that the directory does not list. */
export function checkProfile({ meta: { profiles } }: Directory, profile: string | null | undefined): void {
  if (profile === null || profile === undefined || profiles?.has(profile) === true) return;
  throw new EverbindError('ACME_NOT_OFFERED', `The CA offers no profile ${JSON.stringify(profile)}`, {
    profile,
    offered: [...(profiles?.keys() ?? [])],
  });
}

function decodeMeta(meta: Members): DirectoryMeta {
  const shown = (name: string): string | null =>
    ifReadable(member(meta, name), (value) => printable(string(value, `directory.meta.${name}`, 2048), 2048));
  return {
    termsOfService: shown('termsOfService'),
    website: shown('website'),
    caaIdentities: ifReadable(member(meta, 'caaIdentities'), decodeIdentities) ?? [],
    externalAccountRequired: member(meta, 'externalAccountRequired') === true,
    profiles: ifReadable(member(meta, 'profiles'), decodeProfiles),
    accountHashPrefix: decodeHashPrefix(member(meta, 'accountHashPrefix')),
    issuerDomains: issuerDomainsOf(member(meta, 'issuerDomainNames')),
  };
}

/** One name may stand for a list of one (vacp2p/nim-libp2p#2975). */
function decodeIdentities(value: unknown): readonly string[] {
  return list(typeof value === 'string' ? [value] : value, 'directory.meta.caaIdentities', 100, (item, where) =>
    string(item, where, 255).toLowerCase(),
  );
}

/**
 * It goes into a record that people copy: only a URI of printable characters, without `;`, which ends a parameter. An
 * error for anything else: without a prefix the record would be another one.
 */
function decodeHashPrefix(value: unknown): DirectoryMeta['accountHashPrefix'] {
  if (value === undefined) return null;
  const fits = typeof value === 'string' && value.length <= 512 && /^[!-:<-~]+$/.test(value);
  if (fits && URL.canParse(`${value}sha-256/`)) return value;
  return invalidResponse('directory.meta.accountHashPrefix', 'the beginning of a URI');
}

/** Names alone, without descriptions, are profiles too. */
function decodeProfiles(value: unknown): ReadonlyMap<string, string> {
  const where = 'directory.meta.profiles';
  const pairs: readonly (readonly [unknown, unknown])[] = Array.isArray(value)
    ? value.map((name: unknown) => [name, ''] as const)
    : Object.entries(members(value, where));
  return new Map(
    list(pairs, where, 200, (pair) => pair as readonly [unknown, unknown]).flatMap(([name, description]) => {
      if (typeof name !== 'string' || name.length > 128) return [];
      return [[name, typeof description === 'string' ? printable(description, 4096) : '']];
    }),
  );
}
