import { readFile, writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { type ErrorEntry } from '../src/errors/entry.ts';
import { USUAL_MEANING } from '../src/errors/failure.ts';
import { ERRORS } from '../src/errors/table.ts';
import { PATIENCE_MS } from '../src/renewal/engine/resumable.ts';
import { backoffMs, type DueReason, pollAfterMs } from '../src/renewal/schedule/due-date.ts';
import { closedForMs, refusedForMs } from '../src/renewal/schedule/issuer-backoff.ts';
import type { RenewalStep } from '../src/renewal/state/renewal-table.ts';
import { applyMigration, migrations } from '../src/store/migrations.ts';
import { wrapMarkdown } from './line-width/reflow.ts';

// The section of docs/renewal.md that says what waits, and what ends it. The types and the schema of the database say
// what there is: a due reason, a step or a column of the kind that is not described here fails the check. So do the
// durations, which the code computes.

const file = new URL('../docs/renewal.md', import.meta.url);
const HEADING = '## What waits, and what ends it';

/** What ends it by itself; what `renew NAME --force` does; what a change of everbind.yaml does. */
type Row = readonly [time: string, force: string, configuration: string];

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

function duration(ms: number): string {
  if (ms >= 2 * DAY) return `${Math.round(ms / DAY)} days`;
  if (ms >= DAY) return 'a day';
  if (ms >= 2 * HOUR) return `${Math.round(ms / HOUR)} h`;
  return ms === HOUR ? '1 h' : `${Math.round(ms / 60_000)} min`;
}

const waits = [1, 2, 3, 4, 5, 6].map((failures) =>
  duration(backoffMs({ failures, uniform: 0.5, retryAfterMs: null, remainingMs: null })),
);
const longestWish = duration(backoffMs({ failures: 1, uniform: 0, retryAfterMs: 365 * DAY, remainingMs: null }));
const NOW = 'Renews now';
const AGAIN = 'Changed names, key algorithm, key provider or CA: at once';
const SUPERSEDED = 'Changed names, key algorithm or key provider, an issuer removed: superseded, at once';

const dueReasons: Readonly<Record<DueReason, Row>> = {
  new: ['At once', NOW, ''],
  changed: ['At once', NOW, ''],
  revoked: ['At once', NOW, ''],
  requested: ['At once', NOW, ''],
  redeploy: ['At once', NOW, ''],
  lifetime: ['Its date', NOW, AGAIN],
  'ari-window': ['Its date', NOW, AGAIN],
  'rolled-back': ['Its date', NOW, AGAIN],
  maintenance: ['The next window; none in time: its date', NOW, AGAIN],
  'rate-limit': [
    'The first issuer with room, or the last tenth of the lifetime',
    'Asks the issuer whatever our count says',
    'Changed settings of the issuer: at once',
  ],
  'issuer-closed': [
    'The issuer is asked again; where another issuer can be asked, none waits',
    'Asks the issuer now',
    'Changed settings of the issuer: at once',
  ],
  retry: [
    `${waits.join(', ')} after each failure in a row, sooner before expiry; \`Retry-After\` for ${longestWish} at most`,
    'Makes the attempt now; a CA that named a time may refuse again',
    'Any change of the certificate or of an issuer: at once',
  ],
};

const steps: Readonly<Record<RenewalStep, Row>> = {
  started: ['The next attempt goes on', 'Goes on now', SUPERSEDED],
  key: ['The next attempt goes on', 'Goes on now', SUPERSEDED],
  'order-requested': [
    'The next attempt searches for the order, and makes one where the search finds none or fails',
    'The same, now',
    SUPERSEDED,
  ],
  ordered: [
    `The next attempt goes on with the order; an issuer that fails at it for ${duration(PATIENCE_MS)} gets another order`,
    'Goes on with the order; where the issuer fails at it, gets another one in the same attempt',
    SUPERSEDED,
  ],
  authorized: [`As \`ordered\`, counted from when the order was ready`, 'As `ordered`', SUPERSEDED],
  issued: [
    'The next attempt deploys it; after half its lifetime, or without its key, another one is requested',
    'Deploys it now',
    SUPERSEDED,
  ],
  installed: ['As `issued`', 'Deploys it now', SUPERSEDED],
  planned: [
    'The next attempt makes the changes, and verifies or restores them',
    'The same, now',
    'Not looked at; a deployment that neither the file nor the machine has is left as it is',
  ],
  bound: ['The next attempt verifies, or restores', 'The same, now', 'As `planned`'],
  restoring: [
    'The next attempt restores; what nobody can restore stays as it is; after eight failures in a row all does, and another certificate is requested',
    'Restores now, and gives up where that fails; so does `rollback NAME`',
    'As `planned`',
  ],
};

const NOT_FORCED = 'Does not shorten it';

/** Columns that hold something back. */
const columns: Readonly<Record<string, readonly [what: string, ...Row]>> = {
  'certificate.next_due': ['A certificate is not due', 'See above', NOW, 'See above'],
  'certificate.next_poll': [
    'Renewal information is not asked for again',
    `\`Retry-After\` between ${duration(pollAfterMs(0))} and ${duration(pollAfterMs(365 * DAY))}, else ${duration(pollAfterMs(null))}; a week where the CA has none`,
    'Needs none',
    '',
  ],
  'certificate.failures': [
    'Failures in a row make each wait longer',
    'The next success',
    'Needs no wait',
    'Any change of the certificate: forgotten',
  ],
  'renewal.rollbacks': [
    'A certificate that visitors do not get is bound again',
    'After three roll-backs in a row another one is requested',
    NOT_FORCED,
    '',
  ],
  'renewal.restore_failures': ['Bindings cannot be restored', 'See `restoring`', 'See `restoring`', 'See `restoring`'],
  'issued.retire_at': ['An old certificate is still referred to', 'A day', 'Holds no renewal up', ''],
  'issuer_health.failures': [
    'An issuer does not work',
    'The next certificate that it issues',
    'Asks it',
    'Changed settings of the issuer: forgotten',
  ],
  'issuer_health.closed_until': [
    'An issuer is not asked after failures in a row',
    `${duration(closedForMs(3, 0.5))} after the third, doubled up to ${duration(closedForMs(99, 0.5))}`,
    'Asks the next issuer, or this one where there is no other',
    'Changed settings of the issuer: at once',
  ],
  'issuer_refusal.until': [
    'An issuer will not issue this certificate, also for a paused name',
    `For ${duration(refusedForMs(null))}, or \`Retry-After\` up to ${duration(refusedForMs(365 * DAY))}`,
    'Asks the next issuer, or this one where there is no other',
    'Changed settings of the issuer: at once',
  ],
  'host_backoff.until': [
    'A host asked Everbind to back off (`ACME_HOST_BACKOFF`)',
    'What the host said, for 6 h at most',
    'Sends nothing there either, since the host said so; asks the next issuer',
    'Another issuer: at once',
  ],
  'bucket.full_at': ['The rate limits that Everbind counts', 'See `rate-limit`', 'Asks the issuer', 'See `rate-limit`'],
  'bucket.promised_at': ['A place in the queue for a rate limit', 'See `rate-limit`', 'Asks the issuer', ''],
  'staging_run.failed': [
    'Validation fails at the staging environment',
    'After three failed staging runs in a row, or in the last tenth of the lifetime, the CA itself is asked',
    'Each attempt counts as one of the three',
    '`staging: false`: at once',
  ],
  'account.key_at': [
    'Another account takes the place of one that the CA does not serve, or whose key it refuses',
    'Once a day',
    'Not more than once a day either: CAs count accounts',
    'Another issuer: at once',
  ],
  'account.rollover_after': [
    'The change of an account key was refused or failed',
    '30 days after a refusal, a day after a failure; renewals go on meanwhile',
    '`everbind account rollover ISSUER`: at once',
    '',
  ],
  'challenge_failure.at': [
    'A challenge has failed for a name',
    'The next order tries another challenge; without another one the same',
    'The same, now',
    '',
  ],
  'key_deletion.destroy_at': ['A key is kept before it is destroyed', 'Its date', 'Holds no renewal up', ''],
  'lease.expires_at': ['Another process is at work', 'Its end; 30 s after it died', 'Does not take the lease', ''],
  'daemon.next_wake': ['`everbind run` sleeps', 'An hour at most', 'Needs none', 'Read within half a minute'],
};

/** They say when something was, or count what holds nothing back. */
const HISTORY = new Set([
  'custody_master.created_at',
  'custody_keys.created_at',
  'custody_secrets.created_at',
  'custody_secrets.changed_at',
  'applied_config.applied_at',
  'renewal.authorized_at',
  'renewal.started_at',
  'renewal.finished_at',
  'issued.issued_at',
  'issued.revoked_at',
  'host_backoff.noted_at',
  'bucket.noted_at',
  'daemon.started_at',
  'daemon.seen_at',
  'issued.not_before',
  'issued.not_after',
]);

const HOLDS_BACK = /[._](?:until|after|due|poll|wake|at|failures|failed|rollbacks)$/;

/** Columns of the database whose name says that they may hold something back. */
function suspiciousColumns(): readonly string[] {
  const db = new DatabaseSync(':memory:');
  for (const migration of migrations) applyMigration(db, migration);
  return db
    .prepare(
      `SELECT t.name || '.' || c.name AS name FROM sqlite_schema t, pragma_table_info(t.name) c
       WHERE t.type = 'table' AND c.type = 'INTEGER'`,
    )
    .all()
    .map(({ name }) => String(name))
    .filter((name) => HOLDS_BACK.test(name) && !HISTORY.has(name));
}

function codesThat(resume: string): string {
  const codes = Object.entries(ERRORS).filter(([, entry]: [string, ErrorEntry]) => {
    const meaning = { ...USUAL_MEANING, ...entry.meaning };
    return meaning.resume === resume;
  });
  return codes.map(([code]) => `\`${code}\``).join(', ');
}

function table(head: string, rows: Readonly<Record<string, readonly string[]>>): readonly string[] {
  return [
    `| ${head} | Time | \`renew NAME --force\` | \`everbind.yaml\` |`,
    '| --- | --- | --- | --- |',
    ...Object.entries(rows).map(([name, cells]) => `| ${[`\`${name}\``, ...cells].join(' | ')} |`),
    '',
  ];
}

/** The section as the code says it must be. */
function waitingSection(): string {
  const described = Object.keys(columns);
  const found = suspiciousColumns();
  const missing = found.filter((name) => !described.includes(name));
  const gone = described.filter((name) => !found.includes(name));
  if (missing.length + gone.length > 0) {
    throw new Error(`tools/waiting-table.ts: not described: ${missing.join(', ')}; not there: ${gone.join(', ')}`);
  }
  const section = [
    HEADING,
    '',
    'Generated from the code by `node tools/waiting-table.ts --write`. Time leads out of everything here, and so does a',
    'person, at once, except where a CA or a host has said itself when it may be asked again, or counts what',
    'Everbind would do. `--force` without a name makes every attempt now, and passes none of the other waits.',
    '',
    ...table('Due reason', dueReasons),
    ...table('Open renewal at', steps),
    '| Kept in | What waits | Time | `renew NAME --force` | `everbind.yaml` |',
    '| --- | --- | --- | --- | --- |',
    ...Object.entries(columns).map(([name, cells]) => `| \`${name}\` | ${cells.join(' | ')} |`),
    '',
    'What a failure leaves of an order depends on its code; a problem document of the CA may say more than the code:',
    '',
    '| The next attempt | Codes |',
    '| --- | --- |',
    `| goes on with the order; where the issuer is to blame, for ${duration(PATIENCE_MS)} | ${codesThat('continue')} |`,
    `| asks how the order stands, for ${duration(PATIENCE_MS)} | ${codesThat('ask')} |`,
    `| begins anew, also with another certificate | ${codesThat('discard')} |`,
    '| begins anew | all others |',
    '',
    '',
  ].join('\n');
  return wrapMarkdown(section);
}

function replaced(page: string): string {
  const begin = page.indexOf(`${HEADING}\n`);
  const end = page.indexOf('\n## ', begin + 1) + 1;
  if (begin < 0 || end === 0) throw new Error(`docs/renewal.md lacks the section "${HEADING}"`);
  return `${page.slice(0, begin)}${waitingSection()}${page.slice(end)}`;
}

/** Fails when the section of the committed page is not what the code says. */
export async function checkWaitingTable(): Promise<void> {
  const committed = await readFile(file, 'utf8');
  if (committed !== replaced(committed)) {
    throw new Error('docs/renewal.md is out of date: run node tools/waiting-table.ts --write');
  }
}

if (import.meta.main) {
  if (process.argv.includes('--write')) await writeFile(file, replaced(await readFile(file, 'utf8')));
  else await checkWaitingTable();
}
