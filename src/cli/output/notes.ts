import type { FindingCode, SkippedCode } from '../../iis/plan/types.ts';
import type { Skipped } from '../../ports/deployment.ts';

/** `act`: the operator has something to decide or fix. `know`: worth reading before a renewal, noise after each. */
type Weight = 'act' | 'know';

const skipped: Readonly<Record<SkippedCode, Weight>> = {
  'foreign-app-id': 'act',
  'managed-by-other': 'act',
  'not-adopted': 'act',
  'not-declared': 'act',
  'no-record': 'act',
  'name-mismatch': 'act',
  'partial-fit': 'act',
  'shared-record': 'act',
  'central-store': 'act',
  'sni-without-host': 'act',
  'binding-unreadable': 'act',
  'ssl-flags-unreadable': 'act',
  'ftp-not-handled': 'know',
  'protocol-not-handled': 'know',
};

const findings: Readonly<Record<FindingCode, Weight>> = {
  'name-without-binding': 'act',
  'site-not-found': 'act',
  'shared-name-mismatch': 'act',
  'ip-record-beside-sni': 'know',
  'catch-all-adopted': 'know',
  'shadowed-by-host-record': 'know',
  'ssl-flags-unknown': 'know',
};

const weights: ReadonlyMap<string, Weight> = new Map(Object.entries({ ...skipped, ...findings }));

/** Whether the operator has something to decide or fix. A code that is not listed here counts. */
export function needsOperator({ code }: Skipped): boolean {
  return weights.get(code) !== 'know';
}

/** Whether something was skipped because of a rule, and is not merely worth knowing. */
export function isSkipped({ code }: Skipped): boolean {
  return Object.hasOwn(skipped, code);
}

export interface NoteGroup {
  readonly targets: readonly string[];
  readonly code: string;
  readonly reason: string;
}

/** Merges notes that say the same of several targets; in the order of the first of each. */
export function groupNotes(notes: readonly Skipped[]): readonly NoteGroup[] {
  const groups = new Map<string, { readonly targets: string[]; readonly code: string; readonly reason: string }>();
  for (const { target, code, reason } of notes) {
    const key = `${code} ${reason}`;
    const group = groups.get(key) ?? { targets: [], code, reason };
    groups.set(key, group);
    if (!group.targets.includes(target)) group.targets.push(target);
  }
  return [...groups.values()];
}

const MOST_TARGETS = 4;

/** `http.sys record a:443, b:443 and 7 more: the reason [code]`. */
export function noteText({ targets, code, reason }: NoteGroup): string {
  return `${targetsText(targets)}: ${reason} [${code}]`;
}

/** `another certificate is at http.sys record a:443, b:443 and 7 more`. */
export function otherCertificateText(places: readonly string[]): string {
  return `another certificate is at ${targetsText(places)}`;
}

function targetsText(targets: readonly string[]): string {
  const [first = '', ...others] = targets;
  // Name the kind of thing only once.
  const kind = /^http\.sys record /.exec(first)?.[0] ?? '';
  const shown = [first, ...others.slice(0, MOST_TARGETS - 1).map((target) => target.replace(kind, ''))];
  const hidden = targets.length - shown.length;
  return `${shown.join(', ')}${hidden > 0 ? ` and ${hidden} more` : ''}`;
}
