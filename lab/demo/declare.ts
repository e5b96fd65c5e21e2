import { type Inventory, type SiteInventory, siteText } from '../../src/iis/config/inventory-types.ts';
import { recordKeyId } from '../../src/iis/records/ssl-record.ts';
import { namesOf } from './names.ts';

/**
 * What an operator would declare for the https sites of a configuration, and what cannot be declared, with the reason.
 */
export interface Declaration {
  readonly certificates: readonly DeclaredCertificate[];
  readonly refused: readonly RefusedBinding[];
}

export interface DeclaredCertificate {
  readonly name: string;
  readonly names: readonly string[];
  /** Sites as the deployment names them; null: whatever bindings its names fit. */
  readonly sites: readonly string[] | null;
  /** The http.sys records that it is for, see recordKeyId. */
  readonly records: ReadonlySet<string>;
}

export interface RefusedBinding {
  readonly site: string;
  readonly binding: string;
  readonly reason: string;
}

interface Candidate {
  readonly site: SiteInventory;
  readonly reference: string;
  readonly bindings: readonly { readonly text: string; readonly record: string; readonly names: readonly string[] }[];
}

/** What public CAs put into one certificate. */
const MOST_NAMES = 100;

/**
 * One certificate for each site, or for each group of sites that share an IP:port record, since http.sys has one
 * certificate for such a record; several where a site has more names than one certificate holds.
 */
export function declareCertificates(inventory: Inventory): Declaration {
  const refused: RefusedBinding[] = [];
  const candidates = inventory.sites.flatMap((site) => {
    const reference = siteReference(site, inventory);
    const bindings = site.bindings
      .filter(({ protocol }) => protocol === 'https')
      .flatMap((binding) => {
        const refuse = (reason: string): [] => {
          refused.push({ site: siteText(site), binding: binding.text, reason });
          return [];
        };
        const outcome = namesOf(site, binding);
        if ('refused' in outcome) return refuse(outcome.refused);
        if (reference === null) return refuse('the site has neither a name nor an id of its own to be declared by');
        return [{ text: binding.text, record: recordKeyId(outcome.record), names: outcome.names }];
      });
    return bindings.length > 0 && reference !== null ? [{ site, reference, bindings }] : [];
  });
  const used = new Set<string>();
  const certificates = groupByRecord(candidates).flatMap((group): DeclaredCertificate[] => {
    // Names of sites have no case.
    const sites = [...new Map(group.map(({ reference }) => [reference.toLowerCase(), reference])).values()];
    const { parts, tooLarge } = partition(group);
    for (const { site, text, count } of tooLarge) {
      refused.push({
        site,
        binding: text,
        reason: `its record answers for ${count} names, and a certificate holds ${MOST_NAMES}`,
      });
    }
    return parts.map(({ names, records }, index) => ({
      name: uniqueName(siteText(group[0]?.site ?? { name: '', id: null }), used),
      names: [...names],
      // Who names a site also claims its bindings without a host, and only one certificate can have those.
      sites: index === 0 ? sites : null,
      records,
    }));
  });
  return { certificates, refused };
}

/** Sites that share a record, or that can only be named together, belong to one group. */
function groupByRecord(candidates: readonly Candidate[]): Candidate[][] {
  const groups = new Map<string, Candidate[]>();
  for (const candidate of candidates) {
    const keys = groupKeys(candidate);
    const touching = new Set(keys.flatMap((key) => groups.get(key) ?? []));
    const merged = [...touching, candidate];
    for (const key of merged.flatMap(groupKeys)) groups.set(key, merged);
  }
  return [...new Set(groups.values())];
}

function groupKeys({ reference, bindings }: Candidate): readonly string[] {
  return [`site ${reference.toLowerCase()}`, ...bindings.map(({ record }) => record)];
}

interface Part {
  readonly names: Set<string>;
  readonly records: Set<string>;
}

/** The records of a group, with all names of each, in as few certificates as they fit into one after another. */
function partition(group: readonly Candidate[]): {
  readonly parts: readonly Part[];
  readonly tooLarge: readonly { readonly site: string; readonly text: string; readonly count: number }[];
} {
  const namesOfRecord = new Map<string, Set<string>>();
  for (const { bindings } of group) {
    for (const { record, names } of bindings) {
      namesOfRecord.set(record, new Set([...(namesOfRecord.get(record) ?? []), ...names]));
    }
  }
  const parts: Part[] = [];
  const sorted = [...namesOfRecord].toSorted(
    ([left], [right]) => Number(right.startsWith('ipport')) - Number(left.startsWith('ipport')),
  );
  for (const [record, names] of sorted) {
    if (names.size > MOST_NAMES) continue;
    const last = parts.at(-1);
    if (last !== undefined && new Set([...last.names, ...names]).size <= MOST_NAMES) {
      for (const name of names) last.names.add(name);
      last.records.add(record);
    } else {
      parts.push({ names: new Set(names), records: new Set([record]) });
    }
  }
  const tooLarge = group.flatMap(({ site, bindings }) =>
    bindings.flatMap(({ text, record }) => {
      const count = namesOfRecord.get(record)?.size ?? 0;
      return count > MOST_NAMES ? [{ site: siteText(site), text, count }] : [];
    }),
  );
  return { parts, tooLarge };
}

/**
 * The way a deployment can name the site: by its id where no other has it, else by its name; null when neither will do.
 */
function siteReference(site: SiteInventory, inventory: Inventory): string | null {
  const sameId = inventory.sites.filter(({ id }) => id === site.id).length;
  if (site.id !== null && site.id > 0 && sameId === 1) return `id:${site.id}`;
  // What everbind.yaml takes as the name of a site; nothing that a terminal or a log could stumble over.
  return site.name === '' || site.name.length > 260 || /^id:|\p{Cc}/iu.test(site.name) ? null : site.name;
}

function uniqueName(text: string, used: Set<string>): string {
  const base =
    text
      .normalize('NFKD')
      .replace(/\p{M}/gu, '')
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, '')
      .slice(0, 40) || 'site';
  let name = base;
  for (let number = 2; used.has(name); number += 1) name = `${base}-${number}`;
  used.add(name);
  return name;
}
