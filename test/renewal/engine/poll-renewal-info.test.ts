import { createEventClock } from '../../../lab/simulation/event-clock.ts';
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { rootCertificates } from 'node:tls';
import { AcmeProblemError, blankProblem } from '../../../src/acme/messages/problem.ts';
import { EverbindError } from '../../../src/errors/error.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import type { Issuer, Issuers } from '../../../src/ports/issuer.ts';
import { type SettableClock, settableClock } from '../support/obtain-clock.ts';
import { applyText, withFolder } from '../support/obtain-state.ts';
import { eventsOf, rowsOf } from '../support/obtain-rows.ts';
import { openEngine, type Opened } from '../support/state.ts';

// What becomes of thousands of windows to ask for when a CA is down, slow, or wants to be asked all the time.

const MINUTE = 60_000;
const DAY = 86_400_000;
const AT_ONCE = 16;
/** Any root: nobody connects. */
const [ROOT = ''] = rootCertificates;
const NO_CA = { directoryUrl: 'https://127.0.0.1:1/dir', listenerCaPem: ROOT, rootPem: ROOT };

type Ask = (issuer: string, ariId: string, signal: AbortSignal | undefined) => ReturnType<Issuer['renewalInformation']>;

const never = (): Promise<never> => Promise.reject(new Error('only windows are asked for here'));
const unused: Issuer = { prepare: never, issue: never, abandon: never, revoke: never, renewalInformation: never };

/** So many certificates of each issuer are in use, and their windows to be asked for. */
function withFleet(
  count: number,
  renewalInfo: (clock: SettableClock) => Ask,
  work: (opened: Opened, clock: SettableClock) => Promise<void>,
  time?: Clock,
): Promise<void> {
  return withFolder(async (folder) => {
    const settable = settableClock();
    const clock = time ?? settable;
    const ask = renewalInfo(settable);
    const openIssuers = async (): Promise<Issuers> => ({
      open: (name, signal) => ({ ...unused, renewalInformation: (id) => ask(name, id, signal) }),
      tidyUp: async () => {},
    });
    const opened = await openEngine(folder, NO_CA, { clock, ports: { openIssuers } });
    const { store } = opened.state;
    const list = ['down', 'up'].flatMap((issuer) =>
      Array.from(
        { length: count },
        (_, index) => `  - { name: ${issuer}${index}, names: [${issuer}${index}.test], issuers: [${issuer}] }\n`,
      ),
    );
    const issuers = ['down', 'up']
      .map((name) => `{ name: ${name}, directory: "https://${name}.test/", termsOfServiceAgreed: true }`)
      .join(', ');
    await applyText(
      opened.state,
      clock,
      `version: 1\nissuers: [${issuers}]\ndefaults: { deployments: [] }\ncertificates:\n${list.join('')}`,
    );
    const now = clock.now();
    await store.commit(({ db }) =>
      db.exec(`INSERT INTO issued (certificate_id, thumbprint, status, chain, algorithm, key_handle, issuer, account_url, not_before, not_after, issued_at, ari_id)
        SELECT id, name, 'active', '', 'ec-p256', 'software:k', json_extract(config, '$.issuers[0]'), 'https://ca.test/1',
          ${now - DAY}, ${now + 89 * DAY}, ${now - DAY}, name FROM certificate;
        UPDATE certificate SET next_due = ${now + 60 * DAY}, due_reason = 'lifetime', next_poll = ${now}`),
    );
    try {
      await work(opened, settable);
    } finally {
      await opened.close();
    }
  });
}

function refresh({ engine }: Opened): Promise<number> {
  return engine.pollRenewalInfo(new AbortController().signal);
}

it('a CA that is down is not asked for each of them, so that renewals do not wait for all its timeouts; others are asked', async () => {
  const asked = new Map<string, number>();
  await withFleet(
    700,
    () => async (issuer) => {
      asked.set(issuer, (asked.get(issuer) ?? 0) + 1);
      if (issuer === 'down') throw new EverbindError('ACME_TIMEOUT', 'no response');
      return null;
    },
    async (opened, clock) => {
      assert.equal(await refresh(opened), 1400);
      assert.ok((asked.get('down') ?? 0) < 3 + AT_ONCE, String(asked.get('down')));
      assert.equal(asked.get('up'), 700);
      // Each has its time to be asked for again.
      assert.deepEqual(
        rowsOf(opened.state.store, `SELECT name FROM certificate WHERE next_poll <= ${clock.now()}`),
        [],
      );
      clock.advance(7 * 3_600_000);
      asked.clear();
      await refresh(opened);
      assert.ok((asked.get('down') ?? 0) > 0, 'it is tried again');
    },
  );
});

it('one that fails now and then is asked for all of them', async () => {
  let count = 0;
  await withFleet(
    100,
    () => async () => {
      count += 1;
      if (count % AT_ONCE === 0) throw new EverbindError('ACME_TIMEOUT', 'no response');
      return null;
    },
    async (opened) => {
      await refresh(opened);
      assert.equal(count, 200);
    },
  );
});

it('one that refuses to tell is asked for the others', async () => {
  let count = 0;
  await withFleet(
    50,
    () => async () => {
      count += 1;
      throw new EverbindError('ACME_UNEXPECTED_RESPONSE', 'not found', {}, { facts: { httpStatus: 404 } });
    },
    async (opened) => {
      await refresh(opened);
      assert.equal(count, 100);
    },
  );
});

it('one that is slow and wants to be asked every minute does not keep a run for ever', async () => {
  let count = 0;
  await withFleet(
    300,
    (clock) => async () => {
      count += 1;
      assert.ok(count <= 600, 'asked again in the same run');
      clock.advance(MINUTE);
      const now = clock.now();
      return { window: { start: now + 50 * DAY, end: now + 51 * DAY }, explanationUrl: null, retryAfterMs: MINUTE };
    },
    async (opened) => {
      assert.equal(await refresh(opened), 600);
    },
  );
});

it('one that limits the rate is not asked for each of them', async () => {
  let count = 0;
  await withFleet(
    400,
    () => async () => {
      count += 1;
      const problem = { ...blankProblem('slow down'), type: 'urn:ietf:params:acme:error:rateLimited' };
      throw new AcmeProblemError('ACME_PROBLEM', problem, { httpStatus: 429, retryAfterMs: null });
    },
    async (opened) => {
      assert.equal(await refresh(opened), 800);
      assert.ok(count < 2 * (3 + AT_ONCE), String(count));
    },
  );
});

it('one that is slow to answer takes five minutes of a run, and keeps the others’ windows from nobody', async () => {
  const clock = createEventClock(Date.now());
  await withFleet(
    300,
    () => async (issuer, _, signal) => {
      await clock.sleep(issuer === 'down' ? 29_000 : 10, signal);
      return {
        window: { start: clock.now() + 50 * DAY, end: clock.now() + 51 * DAY },
        explanationUrl: null,
        retryAfterMs: null,
      };
    },
    async (opened) => {
      const before = clock.now();
      assert.equal(await clock.drive(refresh(opened)), 600);
      assert.equal(clock.now() - before, 5 * MINUTE);
      const known = rowsOf(opened.state.store, 'SELECT count(*) AS n FROM certificate WHERE window_start IS NOT NULL');
      assert.ok(Number(known[0]?.['n']) >= 300 + 10 * AT_ONCE, 'what came in time is kept');
      assert.deepEqual(
        rowsOf(opened.state.store, `SELECT name FROM certificate WHERE next_poll <= ${clock.now()}`),
        [],
      );
    },
    clock,
  );
});

/** Asks for a day whenever it may; returns how many events that made. */
async function eventsOfADay(windows: (nth: number, now: number) => { start: number; page: string }): Promise<number> {
  const clock = createEventClock(Date.now());
  let events = 0;
  let asked = 0;
  await withFleet(
    1,
    () => async (issuer) => {
      if (issuer === 'down') return null;
      asked += 1;
      const { start, page } = windows(asked, clock.now());
      return { window: { start, end: start + MINUTE }, explanationUrl: page, retryAfterMs: MINUTE };
    },
    async (opened) => {
      const end = clock.now() + DAY;
      while (clock.now() < end) {
        await clock.drive(refresh(opened));
        await clock.drive(clock.sleep(MINUTE));
      }
      events = eventsOf(opened.state.store, 'up0').filter(({ type }) => type === 'renewal-info.received').length;
    },
    clock,
  );
  assert.ok(asked > 3, 'it is asked again');
  return events;
}

it('one whose windows change each minute does not fill the log', async () => {
  const jumping = await eventsOfADay((nth, now) => ({
    start: now + (nth % 2 === 0 ? 20 : 40) * DAY,
    page: 'https://up.test/',
  }));
  assert.ok(jumping >= 2 && jumping <= 6, String(jumping));
});

it('… nor does one that moves them a little, or explains them otherwise each time', async () => {
  const begin = Date.now() + 50 * DAY;
  assert.equal(await eventsOfADay((nth) => ({ start: begin + (nth % 2) * 30_000, page: 'https://up.test/' })), 1);
  const explained = await eventsOfADay((nth) => ({ start: begin, page: `https://up.test/${nth}` }));
  assert.ok(explained <= 6, String(explained));
});
