import { canonicalHost, hostToUnicode, type Identifier } from '../../pki/x509/names.ts';
import { certificateNames } from './match.ts';
import { siteList, type RatedUser } from './decide.ts';
import { missingSites, siteScope } from './scope.ts';
import { bindingText, type Slot, type UnusableBinding } from './slots.ts';
import type { BindingChange, PlanInput, PlanNote } from './types.ts';
import { recordFlagsFor } from '../config/ssl-flags.ts';
import { recordKeyText } from '../records/ssl-record.ts';

/** Declared sites that do not exist. */
export function siteFindings({ policy, inventory }: PlanInput): readonly PlanNote[] {
  return missingSites(policy.sites, inventory.sites).map((entry) => ({
    target: `site ${entry}`,
    code: 'site-not-found',
    reason: 'the server has no such site',
  }));
}

/** What the operator should know about a record that is changed or already holds the certificate. */
export function slotFindings(
  slot: Slot,
  users: readonly RatedUser[],
  rule: BindingChange['rule'] | null,
): readonly PlanNote[] {
  const target = `http.sys record ${recordKeyText(slot.key)}`;
  const findings: PlanNote[] = [];
  const misfits = users.filter(({ fit }) => fit === 'none' || fit === 'partial');
  if (misfits.length > 0) {
    const hosts = [...new Set(misfits.map(({ host }) => hostToUnicode(host)))].sort().join(', ');
    const reason = `it also serves ${hosts} of ${siteList(misfits)}, which the certificate does not name, or only in part`;
    findings.push({ target, code: 'shared-name-mismatch', reason });
  }
  const catchAlls = users.filter(({ fit }) => fit === 'catch-all');
  if ((rule === 'adopted' || rule === 'created') && catchAlls.length > 0) {
    const reason = `${siteList(catchAlls)} serves every host there; visitors of names that the certificate lacks get a warning`;
    findings.push({ target, code: 'catch-all-adopted', reason });
  }
  const unknown = users.reduce((bits, { sslFlags }) => bits | recordFlagsFor(sslFlags).unknown, 0) >>> 0;
  if (rule === 'created' && unknown !== 0) {
    const reason = `sslFlags has bits that Everbind does not know (${unknown}); the new record is without them`;
    findings.push({ target, code: 'ssl-flags-unknown', reason });
  }
  return findings;
}

/**
 * The records of one address, with another certificate, that may win over the record of a name: those on its port that
 * receive what its bindings do.
 */
export function rivalsOf(all: Iterable<Slot>, holdsOurs: (slot: Slot) => boolean): (slot: Slot) => readonly Slot[] {
  const byPort = new Map<number, Slot[]>();
  for (const slot of all) {
    const specific = slot.key.kind === 'ipport' && !['0.0.0.0', '::'].includes(canonicalHost(slot.key.address));
    if (specific && slot.records.length > 0 && !holdsOurs(slot)) {
      byPort.set(slot.key.port, [...(byPort.get(slot.key.port) ?? []), slot]);
    }
  }
  return (slot) => {
    if (slot.key.kind !== 'hostnameport') return [];
    return (byPort.get(slot.key.port) ?? []).filter(({ key }) =>
      slot.users.some(
        ({ address }) => address === '*' || (key.kind === 'ipport' && canonicalHost(key.address) === address),
      ),
    );
  };
}

/** SNI bindings of a port where a record of one address may win over the record of the host. */
export function besideSniFindings(
  served: readonly Slot[],
  rivals: (slot: Slot) => readonly Slot[],
): readonly PlanNote[] {
  return served.flatMap((slot) => {
    const list = rivals(slot)
      .map(({ key }) => recordKeyText(key))
      .sort()
      .join(', ');
    if (list === '') return [];
    const reason = `the record ${list} holds another certificate and, on some versions of Windows, wins over SNI at that address`;
    return [{ target: `http.sys record ${recordKeyText(slot.key)}`, code: 'ip-record-beside-sni' as const, reason }];
  });
}

/**
 * Names of the certificate that no https binding of the declared sites is for, nor one that holds the certificate
 * (`ours`). Bindings of other sites have the certificates of those.
 */
export function nameFindings(
  input: PlanInput,
  users: readonly RatedUser[],
  unusable: readonly UnusableBinding[],
  ours: ReadonlySet<RatedUser>,
): readonly PlanNote[] {
  const names = certificateNames(input.certificate.identifiers);
  const scope = siteScope(input.policy.sites);
  const served = new Set<Identifier>();
  const elsewhere = new Map<Identifier, string[]>();
  const note = (name: Identifier, place: string): unknown =>
    elsewhere.set(name, [...(elsewhere.get(name) ?? []), place]);
  for (const user of users) {
    const found = names.servedBy(user.host, user.address);
    // One that fits exactly in another site is skipped, which says why.
    const counts = user.scope !== 'outside' || user.fit === 'exact' || ours.has(user);
    for (const name of found) {
      if (counts) served.add(name);
      else note(name, bindingText(user.site, user.binding));
    }
  }
  for (const { host, binding, site } of unusable) {
    if (binding.protocol !== 'https') continue;
    for (const name of names.servedBy(host, '*')) {
      if (scope(site) !== 'outside') served.add(name);
      else note(name, bindingText(site, binding));
    }
  }
  const catchAlls = users.filter(({ host }) => host === '');
  if (catchAlls.some((user) => user.fit === 'catch-all' && ours.has(user))) return [];
  const everyHost =
    catchAlls.length === 0
      ? ''
      : `; ${siteList(catchAlls)} serves every host: name the site and set adopt to use the certificate there`;
  const declared = input.policy.sites === null ? 'this server' : 'the declared sites';
  return input.certificate.identifiers
    .filter((identifier) => !served.has(identifier))
    .map((identifier) => {
      const places = [...new Set(elsewhere.get(identifier) ?? [])].sort().join(', ');
      const hint = places === '' ? everyHost : `; visitors get the certificate of ${places}`;
      const reason = `no https binding of ${declared} is for this name${hint}`;
      return { target: identifier.value, code: 'name-without-binding', reason };
    });
}

/** Bindings of a declared site, or for a host of the certificate, whose certificate is not ours to set. */
export function unusableNotes(input: PlanInput, unusable: readonly UnusableBinding[]): readonly PlanNote[] {
  const names = certificateNames(input.certificate.identifiers);
  const scope = siteScope(input.policy.sites);
  return unusable
    .filter(({ site, binding, host }) => {
      if (binding.protocol === 'http') return false;
      if (scope(site) === 'explicit') return true;
      return scope(site) === 'implied' && host !== '' && names.servedBy(host, '*').length > 0;
    })
    .map(({ site, binding, code, reason }) => ({ target: bindingText(site, binding), code, reason }));
}
