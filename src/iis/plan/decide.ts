import { canonicalHost } from '../../pki/x509/names.ts';
import type { SslRecord } from '../../ports/windows-host.ts';
import { siteText } from '../config/inventory-types.ts';
import type { CertificateNames, Fit } from './match.ts';
import type { Scope } from './scope.ts';
import type { Slot, SlotUser } from './slots.ts';
import type { BindingChange, PlanInput, SkippedCode } from './types.ts';
import { recordFlagsFor } from '../config/ssl-flags.ts';
import { IIS_APP_ID, recordTarget, sameStore } from '../records/ssl-record.ts';

/** What happens to one record of a slot. */
export type Decision =
  /** Does not concern this certificate. */
  | { readonly kind: 'irrelevant' }
  | {
      readonly kind: 'skipped';
      readonly code: SkippedCode;
      readonly reason: string;
      /** See Skipped of the port. */
      readonly otherCertificate?: true;
    }
  /** It holds the certificate already. */
  | { readonly kind: 'settled' }
  | {
      readonly kind: 'change';
      readonly rule: BindingChange['rule'];
      readonly reason: string;
      readonly after: SslRecord;
    };

export interface RatedUser extends SlotUser {
  readonly fit: Fit;
  readonly scope: Scope;
}

/** Applies the rules of docs/binding-rules.md to one record; `null` when the bindings of the slot have none. */
export function decide(
  slot: Slot,
  record: SslRecord | null,
  users: readonly RatedUser[],
  context: DecideContext,
): Decision {
  const { certificate, policy } = context.input;
  const holds = record?.certificateHash?.toLowerCase() ?? null;
  const owner = holds === null ? undefined : policy.ownThumbprints.get(holds);
  if (record !== null && holds === certificate.thumbprint) return settle(record, context);
  if (record !== null && holds !== null && (holds === certificate.previousThumbprint || owner === certificate.name)) {
    return replacePrevious(slot, record, users, context);
  }
  if (policy.lost?.has(recordTarget(record?.key ?? slot.key)) === true && users.some(({ fit }) => fit !== 'none')) {
    return restore(slot, record, users, context);
  }
  const wanted = users.filter(isClaimed);
  if (wanted.length === 0) return explainUnclaimed(users);
  if (owner !== undefined && (record === null || !isForeign(record, context))) {
    return skipped('managed-by-other', `it holds the managed certificate ${owner}`);
  }
  if (policy.spared?.has(recordTarget(record?.key ?? slot.key)) === true) {
    return skipped('not-adopted', 'somebody gave it another certificate since the last deployment');
  }
  const decision = claim(slot, record, users, context);
  // Nobody visits a site that is stopped.
  return decision.kind === 'skipped' && owner === undefined && wanted.some(mayRun)
    ? { ...decision, otherCertificate: true }
    : decision;
}

/** Decides about a record that a binding claims and that is not another managed certificate's. */
function claim(slot: Slot, record: SslRecord | null, users: readonly RatedUser[], context: DecideContext): Decision {
  const { policy } = context.input;
  const holds = record?.certificateHash?.toLowerCase() ?? null;
  if (record !== null && isForeign(record, context)) return foreign(record);
  if (!policy.adopt) {
    return record === null
      ? skipped('no-record', 'there is no http.sys record, and creating one needs adopt')
      : skipped(
          'not-adopted',
          `it holds the certificate ${holds ?? '(none)'}, which Everbind did not install, and adopt is off`,
        );
  }
  const claimed = users.filter(isClaimed);
  const others = users.filter((user) => !isClaimed(user) && !isStoppedTwin(user, claimed));
  if (others.length > 0) {
    return skipped('shared-record', `it also serves ${siteList(others)}, which this certificate does not cover`);
  }
  if (record === null) {
    const reason = `the https binding of ${siteList(users)} has no http.sys record and is adopted`;
    return { kind: 'change', rule: 'created', reason, after: newRecord(slot, users, context) };
  }
  const reason = `it holds the certificate ${holds ?? '(none)'}, which Everbind did not install, and is adopted`;
  return { kind: 'change', rule: 'adopted', reason, after: withCertificate(record, context) };
}

export interface DecideContext {
  readonly input: PlanInput;
  readonly names: CertificateNames;
  /** Application ids whose records may be changed, lower case. */
  readonly appIds: ReadonlySet<string>;
}

/**
 * The host rule: a binding in a declared site that fits exactly, or one without a host in a site that the policy names.
 */
function isClaimed({ fit, scope }: RatedUser): boolean {
  return scope !== 'outside' && (fit === 'exact' || (fit === 'catch-all' && scope === 'explicit'));
}

/** A site that is stopped, and cannot run while a claimed one does: IIS starts one of two that have the same host. */
function isStoppedTwin(user: RatedUser, claimed: readonly RatedUser[]): boolean {
  return !mayRun(user) && claimed.some((other) => other.host === user.host && mayRun(other));
}

function mayRun({ site }: SlotUser): boolean {
  return site.state !== 'Stopped';
}

function settle(record: SslRecord, context: DecideContext): Decision {
  if (sameStore(record.certificateStore, context.input.certificate.store)) return { kind: 'settled' };
  if (isForeign(record, context)) return foreign(record);
  const reason = `it looks for the certificate in the store ${record.certificateStore ?? 'MY'}`;
  return { kind: 'change', rule: 'store', reason, after: withCertificate(record, context) };
}

function replacePrevious(slot: Slot, record: SslRecord, users: readonly RatedUser[], context: DecideContext): Decision {
  if (isForeign(record, context)) return foreign(record);
  const orphan = users.length === 0;
  const fits = orphan ? [orphanFit(slot, context.names)] : users.map(({ fit }) => fit);
  if (fits.every((fit) => fit === 'none')) {
    return skipped('name-mismatch', 'it holds an earlier certificate, but the new one has no name that fits');
  }
  const reason = `it holds an earlier certificate of ${context.input.certificate.name}${orphan ? '; no site uses it' : ''}`;
  return { kind: 'change', rule: 'previous', reason, after: withCertificate(record, context) };
}

function restore(slot: Slot, record: SslRecord | null, users: readonly RatedUser[], context: DecideContext): Decision {
  if (record !== null && isForeign(record, context)) return foreign(record);
  const reason = `it held the certificate and has ${record === null ? 'none' : 'one that no store has'} now`;
  const after = record === null ? newRecord(slot, users, context) : withCertificate(record, context);
  return { kind: 'change', rule: 'restored', reason, after };
}

function explainUnclaimed(users: readonly RatedUser[]): Decision {
  const outside = users.filter(({ fit, scope }) => fit === 'exact' && scope === 'outside');
  if (outside.length > 0) {
    return skipped('not-declared', `the certificate would fit ${siteList(outside)}, which is not declared`);
  }
  const partial = users.filter(({ fit, scope }) => fit === 'partial' && scope !== 'outside');
  if (partial.length > 0) {
    return skipped('partial-fit', `the certificate fits only some hosts of ${siteList(partial)}`);
  }
  const named = users.filter(({ scope }) => scope === 'explicit');
  return named.length > 0
    ? skipped('name-mismatch', `the certificate has no name that fits ${siteList(named)}`)
    : { kind: 'irrelevant' };
}

/**
 * Keeps everything but the certificate: application id, client certificate settings and every flag bit, known or not.
 */
function withCertificate(record: SslRecord, { input: { certificate } }: DecideContext): SslRecord {
  const store = sameStore(record.certificateStore, certificate.store) ? record.certificateStore : certificate.store;
  return { ...record, certificateHash: certificate.thumbprint, certificateStore: store };
}

function newRecord(slot: Slot, users: readonly RatedUser[], { input: { certificate } }: DecideContext): SslRecord {
  return {
    key: slot.key,
    certificateHash: certificate.thumbprint,
    certificateStore: certificate.store,
    appId: IIS_APP_ID,
    certCheckMode: 0,
    revocationFreshnessTime: 0,
    revocationUrlRetrievalTimeout: 0,
    ctlIdentifier: null,
    ctlStoreName: null,
    flags: users.reduce((flags, { sslFlags }) => flags | recordFlagsFor(sslFlags).flags, 0),
  };
}

function isForeign(record: SslRecord, context: DecideContext): boolean {
  return !context.appIds.has(record.appId.toLowerCase());
}

function foreign(record: SslRecord): Decision {
  return skipped('foreign-app-id', `it belongs to the application ${record.appId}, not to IIS`);
}

function skipped(code: SkippedCode, reason: string): Decision {
  return { kind: 'skipped', code, reason };
}

function orphanFit({ key }: Slot, names: CertificateNames): Fit {
  return key.kind === 'hostnameport' ? names.fit(canonicalHost(key.host), '*') : 'catch-all';
}

/** Sites in words, each once, sorted: `Blog, Shop`. */
export function siteList(users: readonly SlotUser[]): string {
  return [...new Set(users.map(({ site }) => siteText(site)))].sort().join(', ');
}
