import { EverbindError } from '../../errors/error.ts';
import {
  boolean,
  invalidResponse,
  list,
  type Members,
  member,
  members,
  optional,
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
  /** dns-persist-01 from draft -02 on: the prefix of a hashed account; null for CAs of earlier drafts. */
  readonly accountHashPrefix: string | null;
  /** The CA's names in records of dns-persist-01, where the directory has them (from draft -02 on). */
  readonly issuerDomains: readonly string[] | null;
}

/** Throws ACME_RESPONSE_INVALID, ACME_INSECURE_URL. */
export function decodeDirectory(value: unknown, policy: UrlPolicy): Directory {
  const object = members(value, 'directory');
  const required = (name: string): string => url(member(object, name), `directory.${name}`, policy);
  const possible = (name: string): string | null =>
    optional(member(object, name), (found) => url(found, `directory.${name}`, policy));
  return {
    newNonce: required('newNonce'),
    newAccount: required('newAccount'),
    newOrder: required('newOrder'),
    newAuthz: possible('newAuthz'),
    revokeCert: possible('revokeCert'),
    keyChange: possible('keyChange'),
    renewalInfo: possible('renewalInfo'),
    meta: decodeMeta(members(member(object, 'meta') ?? {}, 'directory.meta')),
  };
}

/** The URL of an optional part of the directory. Throws ACME_NOT_OFFERED. */
export function offered(url: string | null, feature: string): string {
  if (url !== null) return url;
  throw new EverbindError('ACME_NOT_OFFERED', `The CA offers no ${feature}`, { feature });
}

function decodeMeta(meta: Members): DirectoryMeta {
  const shown = (name: string): string | null =>
    optional(member(meta, name), (value) => printable(string(value, `directory.meta.${name}`, 2048), 2048));
  return {
    termsOfService: shown('termsOfService'),
    website: shown('website'),
    caaIdentities:
      optional(member(meta, 'caaIdentities'), (value) =>
        list(value, 'directory.meta.caaIdentities', 100, (item, where) => string(item, where, 255).toLowerCase()),
      ) ?? [],
    externalAccountRequired:
      optional(member(meta, 'externalAccountRequired'), (value) =>
        boolean(value, 'directory.meta.externalAccountRequired'),
      ) ?? false,
    profiles: optional(member(meta, 'profiles'), decodeProfiles),
    accountHashPrefix: optional(member(meta, 'accountHashPrefix'), decodeHashPrefix),
    issuerDomains: issuerDomainsOf(member(meta, 'issuerDomainNames')),
  };
}

/** It goes into a record that people copy: only a URI of printable characters, without `;`, which ends a parameter. */
function decodeHashPrefix(value: unknown): string {
  const where = 'directory.meta.accountHashPrefix';
  const prefix = string(value, where, 512);
  if (/^[!-:<-~]+$/.test(prefix) && URL.canParse(`${prefix}sha-256/`)) return prefix;
  throw invalidResponse(where, 'the beginning of a URI');
}

function decodeProfiles(value: unknown): ReadonlyMap<string, string> {
  const where = 'directory.meta.profiles';
  const pairs = Object.entries(members(value, where));
  return new Map(
    list(pairs, where, 200, (pair) => {
      const [name, description] = pair as [string, unknown];
      return [
        string(name, `${where} (a name)`, 128),
        printable(string(description, `${where}.${printable(name, 128)}`, 4096), 4096),
      ];
    }),
  );
}
