import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { registerHooks } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEventClock } from '../../../lab/simulation/event-clock.ts';
import { acmeDouble, type Manner } from '../../../lab/simulation/acme-double.ts';
import { createRandom } from '../../../lab/simulation/random.ts';
import { createLabCa } from '../../../lab/test-ca.ts';
import { EverbindError } from '../../../src/errors/error.ts';
import type { Transport } from '../../../src/ports/transport.ts';

// A day of `everbind run` with CAs that hang, in simulated time: `node day.ts HOURS [FAULT]` prints its figures as
// JSON. The daemon, the engine, the ACME client, the keys and the database are the real ones.

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const LIFETIME = 12 * HOUR;
const OF_EACH = 24;
const MANNERS: readonly Manner[] = ['good', 'black-hole', 'octet-a-second', 'endless'];

/** What is planted in the source text, to see the test fail. */
interface Change {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const NO_BREAKER: Change = {
  file: '/schedule/issuer-backoff.ts',
  from: 'TOLERATED = 3',
  to: 'TOLERATED = 1e9',
};

const FAULTS: Readonly<Record<string, readonly Change[]>> = {
  'one lane for all': [
    { file: '/renewal/engine/run.ts', from: ' ?? NO_ISSUER', to: ' === null ? NO_ISSUER : NO_ISSUER' },
  ],
  // Without the breaker something hangs at any time.
  'renewals wait for each other': [
    { file: '/renewal/engine/run.ts', from: 'if (keepsOn) cancel', to: 'if (false) cancel' },
    NO_BREAKER,
  ],
  'a search without end': [
    { file: '/session/account-requests.ts', from: 'listingMs = 120_000', to: 'listingMs = 1e9' },
  ],
  'no breaker for a lone issuer': [NO_BREAKER],
};

export interface Day {
  /** Renewals at the good CA, and the longest that one came after its certificate was due, milliseconds. */
  readonly renewals: number;
  readonly latest: number;
  /** Certificates of the good CA whose validity ran out. */
  readonly expired: number;
  readonly longestLease: number;
  readonly longestAttempt: number;
  readonly failures: number;
  /** By the other CAs. */
  readonly requests: Readonly<Record<string, number>>;
  readonly codes: readonly string[];
}

function plant(fault: string): void {
  const changes = FAULTS[fault];
  if (changes === undefined) throw new Error(`no fault ${fault}`);
  registerHooks({
    load: (url, context, next) => {
      const loaded = next(url, context);
      const change = changes.find(({ file }) => url.endsWith(file));
      if (change === undefined) return loaded;
      const source = Buffer.from(loaded.source as Uint8Array).toString('utf8');
      if (!source.includes(change.from)) throw new Error(`the fault is not to be planted in ${change.file}`);
      return { ...loaded, source: source.replace(change.from, change.to) };
    },
  });
}

async function live(hours: number): Promise<Day> {
  const { runDaemon } = await import('../../../src/agent/daemon/daemon.ts');
  const { databaseFile } = await import('../../../src/agent/state.ts');
  const { openStore } = await import('../../../src/store/store.ts');
  const folder = await mkdtemp(join(tmpdir(), 'everbind-day-'));
  const clock = createEventClock(Date.now());
  const ca = await createLabCa('Day Root');
  await writeFile(join(folder, 'root.pem'), ca.certificatePem);
  const issuers = MANNERS.map(
    (manner) =>
      `  - { name: ${manner}, directory: "https://${manner}.test/directory", termsOfServiceAgreed: true, certificateRoots: [root.pem] }\n`,
  );
  const certificates = MANNERS.flatMap((manner) =>
    Array.from(
      { length: OF_EACH },
      (_, nth) => `  - { name: ${manner}${nth}, names: [${manner}${nth}.day.test], issuers: [${manner}] }\n`,
    ),
  );
  await writeFile(
    join(folder, 'everbind.yaml'),
    `version: 1\nengine: { concurrency: 3 }\nissuers:\n${issuers.join('')}defaults: { deployments: [] }\ncertificates:\n${certificates.join('')}`,
  );
  const requests: Record<string, number> = {};
  const transports = new Map<string, Transport>(
    MANNERS.map((manner) => {
      const transport = acmeDouble({ host: `${manner}.test`, ca, clock, manner, lifetimeMs: LIFETIME });
      const counted: Transport = (request, signal) => {
        requests[manner] = (requests[manner] ?? 0) + 1;
        return transport(request, signal);
      };
      return [manner, counted];
    }),
  );
  const stop = new AbortController();
  const codes = new Set<string>();
  const due = new Map<string, number>();
  const start = clock.now();
  let renewals = 0;
  let latest = 0;
  let failures = 0;
  let heldSince: number | null = null;
  let longestLease = 0;
  const running = runDaemon(
    { stateDir: folder, configFile: join(folder, 'everbind.yaml') },
    {
      clock,
      random: createRandom('a day'),
      signal: stop.signal,
      openHost: () => Promise.reject(new EverbindError('WIN_NOT_WINDOWS', 'there is no web server')),
      transportTo: ({ name }) => transports.get(name) as Transport,
    },
    {
      onOutcome: (outcome) => {
        if (outcome.kind === 'failed') {
          failures += 1;
          codes.add(outcome.code);
        }
        if (outcome.kind !== 'renewed') return;
        renewals += 1;
        latest = Math.max(latest, clock.now() - (due.get(outcome.name) ?? start));
      },
      onTrouble: ({ code }) => codes.add(code),
    },
  );
  const watch = async (): Promise<void> => {
    while (clock.now() < start + hours * HOUR) {
      await clock.sleep(MINUTE);
      const store = openStore({ path: databaseFile(folder), clock, readOnly: true });
      const held = store.read((db) => db.prepare('SELECT holder FROM lease').get());
      for (const row of store.read((db) =>
        db.prepare("SELECT name, next_due FROM certificate WHERE name LIKE 'good%'").all(),
      )) {
        const at = Number(row['next_due']);
        if (at > clock.now()) due.set(String(row['name']), at);
      }
      await store.close();
      if (held?.['holder'] === null) heldSince = null;
      else heldSince ??= clock.now();
      if (heldSince !== null) longestLease = Math.max(longestLease, clock.now() - heldSince);
    }
    stop.abort(new Error('the day is over'));
  };
  await clock.drive(Promise.all([running, watch()]));
  const store = openStore({ path: databaseFile(folder), clock, readOnly: true });
  const events = store.read((db) =>
    db
      .prepare('SELECT event FROM audit_event ORDER BY seq')
      .all()
      .map(({ event }) => JSON.parse(String(event)) as { type: string; subject: string; time: string }),
  );
  const valid = store.read((db) =>
    db.prepare("SELECT count(*) AS n FROM issued WHERE status = 'active' AND not_after > ?").get(clock.now()),
  );
  await store.close();
  await rm(folder, { recursive: true, force: true });
  return {
    renewals,
    latest,
    expired: OF_EACH - Number(valid?.['n']),
    longestLease,
    longestAttempt: longestAttempt(events),
    failures,
    requests,
    codes: [...codes].sort(),
  };
}

/** From the begin of an attempt, or where it was taken up again, to its end. */
function longestAttempt(events: readonly { type: string; subject: string; time: string }[]): number {
  const begun = new Map<string, number>();
  let longest = 0;
  for (const { type, subject, time } of events) {
    const at = Date.parse(time);
    if (type === 'renewal.started' || type === 'renewal.resumed') begun.set(subject, at);
    const from = begun.get(subject);
    if (from === undefined || (type !== 'renewal.attempt-failed' && type !== 'renewal.committed')) continue;
    longest = Math.max(longest, at - from);
    begun.delete(subject);
  }
  return longest;
}

const [hours, fault] = process.argv.slice(2);
if (fault !== undefined) plant(fault);
process.stdout.write(`${JSON.stringify(await live(Number(hours)))}\n`);
