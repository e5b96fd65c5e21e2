import { namesAccount, namesMethod, parseCaaValue } from './caa-value.ts';

/** One CAA record as DNS has it. */
export interface CaaProperty {
  readonly flags: number;
  readonly tag: string;
  readonly value: string;
}

/** A certificate's name, the CA, the account and the challenge that CAA records are judged for. */
export interface CaaQuestion {
  /** A domain name, or `*.` and one. */
  readonly name: string;
  /** Domains that stand for the CA (`caaIdentities` of its directory), in lower case. */
  readonly identities: readonly string[];
  /** Null: there is no account yet. */
  readonly accountUrl: string | null;
  /** ACME challenge type, the `validationmethods` of RFC 8657. */
  readonly challenge: string;
}

/** `nobody`: no CA at all. */
export type CaaReason = 'unknown-critical' | 'nobody' | 'other-ca' | 'other-account' | 'other-method';

/** `foundAt`: the name whose records decide; null when no name up to the top has any. */
export type CaaDecision =
  | { readonly allowed: true; readonly foundAt: string | null }
  | {
      readonly allowed: false;
      readonly foundAt: string;
      readonly reason: CaaReason;
      /** The values that decide. */
      readonly values: readonly string[];
    };

/** The CAA records of exactly this name, also through a CNAME. Rejects when they cannot be looked up. */
export type CaaLookup = (name: string) => Promise<readonly CaaProperty[]>;

// RFC 8659 section 4.1.1 counts bits from the left. Some people counted from the right and wrote 1; CAs accept both.
const CRITICAL = 0x80 | 0x01;

/**
 * Whether CAA records let the CA issue (RFC 8659 section 3, RFC 8657): from the name upwards, the first name that has
 * records decides. All names are looked up at once, since most have none. Rejects when `lookup` rejects for a name that
 * counts, since a CA refuses then, too.
 */
export async function decideCaa(question: CaaQuestion, lookup: CaaLookup): Promise<CaaDecision> {
  const wildcard = question.name.startsWith('*.');
  const labels = question.name.slice(wildcard ? 2 : 0).split('.');
  const names = labels.map((_, index) => labels.slice(index).join('.'));
  const lookups = new Map(names.map((name) => [name, lookup(name)]));
  for (const found of lookups.values()) found.catch(() => {});
  for (const [name, found] of lookups) {
    const properties = await found;
    if (properties.length > 0) return judge(question, wildcard, name, properties);
  }
  return { allowed: true, foundAt: null };
}

function judge(
  question: CaaQuestion,
  wildcard: boolean,
  foundAt: string,
  properties: readonly CaaProperty[],
): CaaDecision {
  const strange = properties.filter(({ flags, tag }) => (flags & CRITICAL) !== 0 && !KNOWN.has(tag.toLowerCase()));
  if (strange.length > 0) {
    const values = strange.map(({ tag }) => tag);
    return { allowed: false, foundAt, reason: 'unknown-critical', values };
  }
  const values = valuesFor(properties, wildcard);
  if (values.length === 0) return { allowed: true, foundAt };
  const reasons = values.map((value) => refusalOf(question, value));
  if (reasons.includes(null)) return { allowed: true, foundAt };
  // The reason of the record that comes closest to allowing it: that one needs the smallest change.
  const reason = ORDER.find((one) => reasons.includes(one)) ?? 'nobody';
  return { allowed: false, foundAt, reason, values };
}

// RFC 8659 section 4, RFC 9495.
const KNOWN: ReadonlySet<string> = new Set(['issue', 'issuewild', 'iodef', 'issuemail']);
const ORDER: readonly CaaReason[] = ['other-method', 'other-account', 'other-ca'];

/** RFC 8659 section 4.3: for a wildcard `issue` counts only where there is no `issuewild`. */
function valuesFor(properties: readonly CaaProperty[], wildcard: boolean): readonly string[] {
  const of = (wanted: string): readonly string[] =>
    properties.filter(({ tag }) => tag.toLowerCase() === wanted).map(({ value }) => value);
  const wild = wildcard ? of('issuewild') : [];
  return wild.length > 0 ? wild : of('issue');
}

/** Null when this value lets the CA issue. */
function refusalOf({ identities, accountUrl, challenge }: CaaQuestion, value: string): CaaReason | null {
  const issuer = parseCaaValue(value);
  if (issuer === null || issuer.domain === '') return 'nobody';
  if (!identities.includes(issuer.domain)) return 'other-ca';
  if (!namesAccount(issuer.parameters, accountUrl)) return 'other-account';
  return namesMethod(issuer.parameters, challenge) ? null : 'other-method';
}
