import type { Inventory } from '../../iis/config/inventory-types.ts';
import { joinSlots, type Slot } from '../../iis/plan/slots.ts';
import type { BindingPlan } from '../../iis/plan/types.ts';
import { recordTarget } from '../../iis/records/ssl-record.ts';
import type { Comparison, Drift } from '../../ports/deployment.ts';
import type { SslRecord, StoredCertificate } from '../../ports/windows-host.ts';

/** What comparisons ask of an inventory; made once for all certificates that are compared with it. */
interface Index {
  readonly records: ReadonlyMap<string, SslRecord>;
  readonly targetsByHash: ReadonlyMap<string, readonly string[]>;
  readonly stored: ReadonlyMap<string, readonly StoredCertificate[]>;
  readonly slots: ReadonlyMap<string, Slot>;
}

const indexes = new WeakMap<Inventory, Index>();

function indexOf(inventory: Inventory): Index {
  const known = indexes.get(inventory);
  if (known !== undefined) return known;
  const { slots } = joinSlots(inventory);
  const index: Index = {
    records: new Map(inventory.records.map((record) => [recordTarget(record.key), record])),
    targetsByHash: new Map(
      [...Map.groupBy(inventory.records, ({ certificateHash }) => certificateHash?.toLowerCase() ?? '')].map(
        ([hash, records]) => [hash, records.map(({ key }) => recordTarget(key))],
      ),
    ),
    stored: Map.groupBy(inventory.certificates, ({ thumbprint }) => thumbprint.toLowerCase()),
    slots: new Map([...slots].map(([, slot]) => [recordTarget(slot.key), slot])),
  };
  indexes.set(inventory, index);
  return index;
}

/**
 * Which of these records, which held a certificate of ours, hold nothing now, or a certificate that no store has. It
 * can be restored: nobody chose that state.
 */
export function lostRecords(inventory: Inventory, held: readonly string[]): ReadonlySet<string> {
  const index = indexOf(inventory);
  return new Set(
    held.filter((target) => {
      const record = index.records.get(target);
      return record === undefined ? isBound(index, target) : isDangling(index, record);
    }),
  );
}

/** Whether a binding still looks its certificate up there. */
function isBound({ slots }: Index, target: string): boolean {
  return (slots.get(target)?.users.length ?? 0) > 0;
}

function isDangling({ stored }: Index, { certificateHash, certificateStore }: SslRecord): boolean {
  const store = (certificateStore ?? 'MY').toUpperCase();
  // Other stores are not in the inventory.
  if (certificateHash === null || (store !== 'MY' && store !== 'WEBHOSTING')) return false;
  return !(stored.get(certificateHash.toLowerCase()) ?? []).some((one) => one.store.toUpperCase() === store);
}

export interface Compared {
  /** Name of the managed certificate. */
  readonly name: string;
  readonly thumbprint: string;
  readonly store: string;
  /** Targets that held it, or another certificate of ours before it, when they were last looked at. */
  readonly held: readonly string[];
  /** Thumbprints of other certificates of this name that are not removed yet. */
  readonly earlier: readonly string[];
  /** See DeploymentParts. */
  readonly ownThumbprints: () => ReadonlyMap<string, string>;
  /** What another deployment would change; asked for only when something is not as it was left. */
  readonly plan: () => BindingPlan;
}

/** Compares the records of a certificate with what they held. */
export function compareRecords(inventory: Inventory, compared: Compared): Comparison {
  const { thumbprint, held, earlier, store } = compared;
  const index = indexOf(inventory);
  const holding = index.targetsByHash.get(thumbprint) ?? [];
  const returned = earlier.flatMap((hash) => index.targetsByHash.get(hash) ?? []);
  const off = [...new Set([...held.filter((target) => !holding.includes(target)), ...returned])];
  const installed = (index.stored.get(thumbprint) ?? []).some((one) => one.store === store && one.hasPrivateKey);
  const missing: readonly Drift[] =
    installed || (holding.length === 0 && off.length === 0)
      ? []
      : [
          {
            target: `certificate ${thumbprint}`,
            code: 'certificate-missing',
            reason: `it is not in the store ${store} with its key any more`,
            restorable: true,
          },
        ];
  if (off.length === 0) return { holding, drift: missing };
  const changed = new Set(compared.plan().changes.map(({ target }) => target));
  const drift = off.flatMap((target) => judge(index, target, compared, changed));
  return { holding, drift: [...missing, ...drift] };
}

function judge(
  index: Index,
  target: string,
  { name, ownThumbprints }: Compared,
  changed: ReadonlySet<string>,
): readonly Drift[] {
  const record = index.records.get(target);
  // Whoever removed the binding wanted no certificate there.
  if (record === undefined && !isBound(index, target)) return [];
  const restorable = changed.has(target);
  if (record === undefined) {
    return [{ target, code: 'record-missing', reason: 'the binding has no certificate any more', restorable }];
  }
  const hash = record.certificateHash?.toLowerCase() ?? null;
  const owner = hash === null ? undefined : ownThumbprints().get(hash);
  if (owner === name) {
    return [{ target, code: 'earlier-certificate', reason: `it holds the earlier certificate ${hash}`, restorable }];
  }
  if (isDangling(index, record)) {
    const reason = `it holds the certificate ${hash}, which is not in its store`;
    return [{ target, code: 'certificate-unknown', reason, restorable }];
  }
  const reason =
    owner === undefined
      ? `it holds the certificate ${hash ?? 'of the central store'}, which Everbind did not install`
      : `it holds the managed certificate ${owner}`;
  // Somebody chose it, whatever the plan would make of it.
  return [{ target, code: 'foreign-certificate', reason, restorable: false }];
}
