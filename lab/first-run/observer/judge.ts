import type { ResultFile } from '../../../src/selftest/result-file.ts';
import type { SimSnapshot } from '../../sim-windows/sim-types.ts';
import { inconsistencies } from '../reader/consistency.ts';
import { readResultFile } from '../reader/schema.ts';
import type { JournalEntry } from './double.ts';

/** What the observer saw beside the file. */
export interface Observed {
  readonly journal: readonly JournalEntry[];
  readonly secrets: readonly string[];
  readonly before: SimSnapshot;
  readonly after: SimSnapshot;
}

/**
 * What is wrong with the file of a run, in words. It shares no code with the script: it reads the file as anybody
 * would, and where there was a double (`observed`), compares it with what reached the double and what is left there.
 */
export function judgeFile(octets: Uint8Array, observed: Observed | null): readonly string[] {
  const read = readResultFile(octets);
  if (!read.ok) return [`${read.path}: ${read.problem}`];
  const { file } = read;
  const own = inconsistencies(file).map(({ path, problem }) => `${path}: ${problem}`);
  if (observed === null) return own;
  return [
    ...own,
    ...(file.host === 'double' ? [] : [`host: ${file.host}, and it was a double`]),
    ...namesIn(octets, observed.secrets),
    ...inventedCalls(file, observed.journal),
    ...differences(observed.before, observed.after),
  ];
}

/** Names in the file, as they are and as JSON, hexadecimal and UTF-16 write them. Case does not hide one. */
function namesIn(octets: Uint8Array, secrets: readonly string[]): readonly string[] {
  const text = Buffer.from(octets).toString('utf8').toLowerCase();
  return secrets
    .filter((secret) => {
      const forms = [
        secret,
        JSON.stringify(secret).slice(1, -1),
        Buffer.from(secret, 'utf8').toString('hex'),
        Buffer.from(secret, 'latin1').toString('hex'),
        Buffer.from(secret, 'utf16le').toString('hex'),
        Buffer.from(secret, 'utf8').toString('base64'),
      ];
      return forms.some((form) => text.includes(form.toLowerCase()));
    })
    .map((secret) => `a name of the machine is in the file: ${JSON.stringify(secret)}`);
}

/** Calls of the file that never reached the double with that outcome. */
function inventedCalls(file: ResultFile, journal: readonly JournalEntry[]): readonly string[] {
  const rest = new Map<string, number>();
  const keyOf = ({ name, status }: JournalEntry): string => `${name} ${status}`;
  for (const entry of journal) rest.set(keyOf(entry), (rest.get(keyOf(entry)) ?? 0) + 1);
  const found = new Set<string>();
  for (const { id, raw } of file.questions) {
    for (const call of raw.calls) {
      const left = rest.get(keyOf(call)) ?? 0;
      if (left === 0) found.add(`question ${id} has a call that was not made: ${call.name} with ${call.status}`);
      rest.set(keyOf(call), left - 1);
    }
  }
  return [...found];
}

const parts = ['sites', 'records', 'certificates', 'keys', 'registrations'] as const;

function differences(before: SimSnapshot, after: SimSnapshot): readonly string[] {
  return parts
    .filter((part) => listed(before[part]) !== listed(after[part]))
    .map((part) => `the double has other ${part} than before`);
}

function listed(items: readonly unknown[]): string {
  return JSON.stringify(items.map((item) => JSON.stringify(item)).sort());
}
