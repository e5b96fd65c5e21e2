import { siteText } from '../config/inventory-types.ts';
import { certificateNames } from './match.ts';
import { decide, siteList, type DecideContext, type Decision, type RatedUser } from './decide.ts';
import { endpointsOf, isShadowed, mergeEndpoints, rivalEndpoints } from './endpoints.ts';
import { besideSniFindings, nameFindings, rivalsOf, siteFindings, slotFindings, unusableNotes } from './findings.ts';
import { siteScope } from './scope.ts';
import { bindingText, joinSlots, type Slot, type SlotUser } from './slots.ts';
import type { BindingChange, BindingPlan, PlanInput, PlannedEndpoint, PlanNote } from './types.ts';
import { IIS_APP_ID, recordKeyId, recordTarget } from '../records/ssl-record.ts';

/**
 * Decides which http.sys records get the certificate, and says what is skipped and why. docs/binding-rules.md has the
 * rules with their codes. Depends on its input alone.
 */
export function planBindings(given: PlanInput): BindingPlan {
  const input = normalised(given);
  const { slots, unusable } = joinSlots(input.inventory);
  const context: DecideContext = {
    input,
    names: certificateNames(input.certificate.identifiers),
    appIds: new Set([IIS_APP_ID, ...(input.policy.adoptForeignAppIds ?? [])].map((id) => id.toLowerCase())),
  };
  const scope = siteScope(input.policy.sites);
  const decisions: Decided[] = [...slots.values()].flatMap((slot) => {
    const users = slot.users.map((user) => ({
      ...user,
      fit: context.names.fit(user.host, user.address),
      scope: scope(user.site),
    }));
    const records = slot.records.length === 0 ? [null] : slot.records;
    return records.map((record) => ({ slot, users, record, decision: decide(slot, record, users, context) }));
  });

  const served = decisions.filter(({ decision }) => decision.kind === 'change' || decision.kind === 'settled');
  const held = heldAfter(decisions);
  const shadowed = (user: SlotUser): boolean => isShadowed(user, (id) => held.get(id), input.certificate.thumbprint);
  // Each once, also where a host has two records.
  const users = new Map(decisions.map((one) => [one.slot, one.users]));
  const ours = new Set(served.map(({ slot }) => slot));
  const rivals = rivalsOf(slots.values(), (slot) => ours.has(slot));
  return {
    changes: decisions.flatMap(changeOf).sort(byTarget),
    skipped: [...decisions.flatMap(noteOf), ...unusableNotes(input, unusable), ...ftpNotes(input)].sort(byTarget),
    findings: [
      ...siteFindings(input),
      ...served.flatMap(({ slot, users: rated, decision }) =>
        slotFindings(slot, rated, decision.kind === 'change' ? decision.rule : null),
      ),
      ...served.flatMap((one) => one.users.filter(shadowed).map(shadowNote)),
      ...besideSniFindings([...ours], rivals),
      ...nameFindings(
        input,
        [...users.values()].flat(),
        unusable,
        new Set(served.flatMap((one) => users.get(one.slot) ?? [])),
      ),
    ].sort(byTarget),
    endpoints: mergeEndpoints(
      served.flatMap(({ slot, record, users: rated }) => [
        ...endpointsOf(slot, record, rated, context.names, shadowed),
        ...rivalEndpoints(slot, record, rivals(slot), context.names),
      ]),
    ).toSorted(byEndpoint),
  };
}

interface Decided {
  readonly slot: Slot;
  readonly record: Slot['records'][number] | null;
  readonly users: readonly RatedUser[];
  readonly decision: Decision;
}

function normalised(input: PlanInput): PlanInput {
  const { certificate } = input;
  return {
    ...input,
    certificate: {
      ...certificate,
      thumbprint: certificate.thumbprint.toLowerCase(),
      previousThumbprint: certificate.previousThumbprint?.toLowerCase() ?? null,
    },
  };
}

// What each record holds after the changes.
function heldAfter(decisions: readonly Decided[]): ReadonlyMap<string, string | null> {
  const held = new Map<string, string | null>();
  for (const { slot, record, decision } of decisions) {
    if (decision.kind === 'change') held.set(recordKeyId(slot.key), decision.after.certificateHash);
    else if (record !== null) held.set(recordKeyId(slot.key), record.certificateHash);
  }
  return held;
}

function changeOf({ slot, record, users, decision }: Decided): readonly BindingChange[] {
  if (decision.kind !== 'change') return [];
  const { rule, after } = decision;
  const key = record?.key ?? slot.key;
  const sites = [...new Set(users.map(({ site }) => siteText(site)))].sort();
  const behind = sites.length > 1 ? `; ${siteList(users)} share this record` : '';
  return [{ key, target: recordTarget(key), rule, reason: decision.reason + behind, before: record, after, sites }];
}

function noteOf({ slot, record, decision }: Decided): readonly PlanNote[] {
  if (decision.kind !== 'skipped') return [];
  const { code, reason, otherCertificate } = decision;
  const target = recordTarget(record?.key ?? slot.key);
  return [{ target, code, reason, ...(otherCertificate === undefined ? {} : { otherCertificate }) }];
}

function shadowNote(user: SlotUser): PlanNote {
  const reason = `clients that send ${user.host} get the record of the host, which holds another certificate`;
  return { target: bindingText(user.site, user.binding), code: 'shadowed-by-host-record', reason };
}

/** FTP settings that hold an earlier certificate of ours: they keep it. */
function ftpNotes({ inventory, certificate, policy }: PlanInput): readonly PlanNote[] {
  const isEarlier = (hash: string): boolean =>
    hash === certificate.previousThumbprint || policy.ownThumbprints.get(hash) === certificate.name;
  const settings = [
    { target: 'FTP setting of siteDefaults', ftp: inventory.ftpDefaults },
    ...inventory.sites.map((site) => ({ target: `FTP setting of ${siteText(site)}`, ftp: site.ftp })),
  ];
  return settings
    .filter(
      ({ ftp }) => ftp !== null && ftp.certificateHash !== certificate.thumbprint && isEarlier(ftp.certificateHash),
    )
    .map(({ target }) => ({
      target,
      code: 'ftp-not-handled',
      reason: 'it holds an earlier certificate and is not changed; set the new one in IIS Manager',
    }));
}

function byTarget(left: { readonly target: string }, right: { readonly target: string }): number {
  return compareText(JSON.stringify([left.target, left]), JSON.stringify([right.target, right]));
}

function byEndpoint(left: PlannedEndpoint, right: PlannedEndpoint): number {
  const order = (endpoint: PlannedEndpoint): string =>
    JSON.stringify([endpoint.record, endpoint.address, endpoint.port, endpoint.host]);
  return compareText(order(left), order(right));
}

function compareText(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
