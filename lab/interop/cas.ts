import { parseArgs } from 'node:util';
import { QUIRKS } from '../quirks/catalogue.ts';
import { AUTHORITIES } from './cas/authorities.ts';
import { liveThrough, type LifeSabotage } from './cas/life.ts';
import { playQuirk } from './cas/quirk-run.ts';
import type { CaResult } from './cas/result.ts';

export const help = `npm run interop -- cas [--only TEXT] [--certificates N] [--sabotage NAME]

Puts the program before CAs that it was not made for (Caddy's ACME server, Pebble in its variants) for the whole life of
certificates, and before a front that plays, one after the other, what CAs and machines have done in public reports.
Visitors decide: a client of its own looks at every host after each step.

  --only TEXT        only CAs and quirks whose name contains this
  --certificates N   at each CA, all at once (default 42)
  --short            five certificates, two CAs, every sixth quirk
  --sabotage NAME    does one thing wrong, which must be noticed: record-sticks, renewed-twice, foreign-certificate,
                     secret-kept, quirk-idle

The last line is one JSON object. Exit status: 0 all is well, 1 it is not, 2 wrong usage.
`;

interface CasOptions {
  readonly only: string;
  readonly certificates: number;
  readonly short: boolean;
  readonly sabotage: LifeSabotage | 'quirk-idle' | null;
}

const SABOTAGES: readonly string[] = [
  'record-sticks',
  'renewed-twice',
  'foreign-certificate',
  'secret-kept',
  'quirk-idle',
];
const FEWEST_CERTIFICATES = 5;
const MOST_CERTIFICATES = 500;

/** null for wrong usage. */
export function casOptions(args: readonly string[]): CasOptions | null {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        only: { type: 'string', default: '' },
        certificates: { type: 'string', default: '' },
        short: { type: 'boolean', default: false },
        sabotage: { type: 'string' },
      },
    });
    const certificates = Number(
      values.certificates === '' ? (values.short ? FEWEST_CERTIFICATES : 42) : values.certificates,
    );
    const sabotage = values.sabotage ?? null;
    const counted =
      Number.isInteger(certificates) && certificates >= FEWEST_CERTIFICATES && certificates <= MOST_CERTIFICATES;
    if (!counted || (sabotage !== null && !SABOTAGES.includes(sabotage))) return null;
    return { only: values.only, certificates, short: values.short, sabotage: sabotage as CasOptions['sabotage'] };
  } catch {
    return null;
  }
}

/** The last line, see help. */
export interface CasLine {
  readonly cas: number;
  readonly quirks: number;
  readonly renewed: number;
  readonly failed: number;
  readonly unusedCertificates: number;
  readonly ok: boolean;
}

/** Runs all that was chosen, one after the other. */
export async function runCas(options: CasOptions, say: (line: string) => void): Promise<CasLine> {
  const { only, certificates, short, sabotage } = options;
  const authorities = AUTHORITIES.filter(({ name }, index) => name.includes(only) && (!short || index < 2));
  const quirks = QUIRKS.filter(({ name }, index) => name.includes(only) && (!short || index % 6 === 0));
  const total = { renewed: 0, failed: 0, unusedCertificates: 0 };
  let findings = 0;
  let [cas, played] = [0, 0];
  const add = async (name: string, lacks: readonly string[], work: () => Promise<CaResult>): Promise<boolean> => {
    const started = performance.now();
    const result = await work().catch(
      (error: unknown): CaResult => ({
        renewed: 0,
        failed: 0,
        unusedCertificates: 0,
        findings: [error instanceof Error ? (error.stack ?? error.message) : String(error)],
        figures: {},
      }),
    );
    total.renewed += result.renewed;
    total.failed += result.failed;
    total.unusedCertificates += result.unusedCertificates;
    const good = result.findings.length === 0 && result.failed === 0 && result.unusedCertificates === 0;
    const figures = Object.entries(result.figures).map(([what, value]) => `${what} ${value}`);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    say(`${good ? 'ok   ' : 'FAIL '} ${name}: renewed ${result.renewed}, ${figures.join(', ')}; ${seconds} s`);
    if (lacks.length > 0) say(`      it has no ${lacks.join(', no ')}`);
    if (result.unusedCertificates !== 0)
      say(`      ${result.unusedCertificates} certificates were issued and never served`);
    for (const finding of result.findings) say(`      ${finding}`);
    findings += good ? 0 : 1;
    return result.renewed > 0;
  };
  const ofLife = sabotage === 'quirk-idle' ? undefined : (sabotage ?? undefined);
  for (const authority of authorities) {
    const life = { certificates, sabotage: ofLife };
    if (await add(authority.name, authority.lacks, () => liveThrough(authority, life))) cas += 1;
  }
  for (const quirk of quirks) {
    if (await add(quirk.name, [], () => playQuirk(quirk, { idle: sabotage === 'quirk-idle' }))) played += 1;
  }
  const whole = cas === authorities.length && played === quirks.length && cas + played > 0;
  return { cas, quirks: played, ...total, ok: whole && findings === 0 };
}
