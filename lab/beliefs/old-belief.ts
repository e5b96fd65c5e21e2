/**
 * The doubles that once behaved as we believed, and not as Windows is documented or known to. docs/windows-beliefs.md.
 */
export const CHANGED_DOUBLES = [
  'D1',
  'D2',
  'D3',
  'D4',
  'D5',
  'D6',
  'D7',
  'D8',
  'D9',
  'D10',
  'D11',
  'D12',
  'D13',
  'D14',
  'D15',
  'D16',
  'D17',
  'D18',
  'D19',
  'D20',
] as const;
export type ChangedDouble = (typeof CHANGED_DOUBLES)[number];

/**
 * Whether this double is to behave by the old belief again: `EVERBIND_LAB_OLD_BELIEF` lists such doubles, separated by
 * commas. A test that still passes then shows nothing.
 */
export function oldBelief(double: ChangedDouble): boolean {
  return (process.env['EVERBIND_LAB_OLD_BELIEF'] ?? '').split(',').includes(double);
}
