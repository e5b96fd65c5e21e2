import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Rule } from '../../../lab/simulation/broken.ts';
import { type CaProfile, CAS, type Lifetime } from '../../../lab/simulation/cas.ts';
import { plotSimulation } from '../../../lab/simulation/plot.ts';
import { simulate, type SimulationOptions, type SimulationResult } from '../../../lab/simulation/simulate.ts';
import type { Exchange } from '../../../lab/simulation/exchange.ts';
import type { IssuanceJournal, Issuer } from '../../../src/ports/issuer.ts';

// Each promise of the simulation: kept by the engine, and broken on purpose to see that it is noticed.

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Short lives: much happens in few days. */
const lifetimes: readonly Lifetime[] = [
  { ms: 160 * HOUR, share: 0.5 },
  { ms: 12 * DAY, share: 0.5 },
];
/** Half of the fleet at CAs that have renewal info. */
const cas = CAS.map((ca): CaProfile => ({ ...ca, share: 0.25 }));

function run(options: Partial<SimulationOptions>): Promise<SimulationResult> {
  return simulate({ seed: 'test', certificates: 60, days: 14, cas, lifetimes, ...options });
}

async function assertSeen(rule: Rule, options: Partial<SimulationOptions>): Promise<SimulationResult> {
  const result = await run(options);
  const broken = [...result.watch.broken.counts.keys()];
  assert.ok(broken.includes(rule), `broken: ${broken.join(', ') || 'nothing'}`);
  return result;
}

/** The same exchange with other issuers. */
function withIssuers(exchange: Exchange, change: (issuer: Issuer, name: string) => Issuer): Exchange {
  const { issuers } = exchange;
  return { ...exchange, issuers: { ...issuers, open: (name) => change(issuers.open(name), name) } };
}

function issuingBy(issue: (issuer: Issuer) => Issuer['issue']): (exchange: Exchange) => Exchange {
  return (exchange) => withIssuers(exchange, (issuer) => ({ ...issuer, issue: issue(issuer) }));
}

describe('a small simulation', () => {
  it('keeps every promise, whatever goes wrong at the CAs', async () => {
    const result = await run({ certificates: 120, days: 50 });
    assert.deepEqual(result.watch.broken.examples, []);
    assert.equal(result.watch.expired, 0);
    assert.equal(result.limitBreaches, 0);
    // What it went through.
    assert.ok(result.watch.issuedCount > 1000 && result.watch.polledCount > 3000);
    const kinds = new Set([...result.outages.map(({ kind }) => kind), ...result.events.map(({ type }) => type)]);
    const plot = plotSimulation(result);
    for (const { name } of cas) assert.match(plot, new RegExp(`>${name}: `));
    assert.doesNotMatch(plot, /NaN|undefined/);
    assert.deepEqual([...kinds].sort(), ['change', 'incident', 'overloaded', 'silent', 'stuck']);
  });

  it('repeats itself with the same seed, and does not with another', async () => {
    const figures = async (seed: string): Promise<number[]> => {
      const { watch, cycles } = await run({ seed, days: 20, certificates: 30 });
      return [watch.issuedCount, watch.polledCount, cycles];
    };
    const once = await figures('one');
    assert.deepEqual(await figures('one'), once);
    assert.notDeepEqual(await figures('other'), once);
  });
});

describe('the simulation sees', () => {
  it('a schedule that waits for too long: late, and expired', async () => {
    const { watch } = await assertSeen('expired', {
      meddle: ({ run: sql }) =>
        sql(`UPDATE certificate SET next_due = (SELECT max(not_after) FROM issued i WHERE i.certificate_id = certificate.id) + ${HOUR}
             WHERE due_reason IN ('lifetime', 'ari-window')`),
    });
    assert.ok(watch.expired > 0 && watch.broken.counts.has('late'));
  });

  it('a schedule that does not wait', async () => {
    await assertSeen('early', {
      certificates: 30,
      meddle: ({ run: sql }) =>
        sql(
          `UPDATE certificate SET next_due = next_due - ${2 * DAY}, due_reason = 'requested' WHERE due_reason = 'lifetime'`,
        ),
    });
  });

  it('a limit that is not kept', async () => {
    // Stricter than anybody knows.
    const strict = cas.map((ca): CaProfile => ({ ...ca, orders: { capacity: 2, refillMs: DAY } }));
    const { limitBreaches, watch } = await run({ cas: strict });
    assert.ok(limitBreaches > 0);
    assert.ok(watch.broken.counts.has('limit'));
  });

  it('two certificates for one due date', async () => {
    await assertSeen('twice', {
      mutate: issuingBy((issuer) => async (request, signer, journal) => {
        const forgetful: IssuanceJournal = { note: async (current, state) => ({ ...current, state }) };
        await issuer.issue(request, signer, forgetful).catch(() => {});
        return issuer.issue(request, signer, journal);
      }),
    });
  });

  it('renewal info that is asked for too often', async () => {
    await assertSeen('poll', {
      days: 10,
      meddle: ({ run: sql, now }) => sql(`UPDATE certificate SET next_poll = ${now} WHERE next_poll > ${now + HOUR}`),
    });
  });

  it('renewal info that is asked for after the certificate was replaced', async () => {
    await assertSeen('poll', {
      mutate: (exchange) => {
        const first = new Map<string, string>();
        return withIssuers(exchange, (issuer, name) => ({
          ...issuer,
          renewalInformation: (id) => {
            if (!first.has(name)) first.set(name, id);
            return issuer.renewalInformation(first.get(name) ?? id);
          },
        }));
      },
    });
  });

  it('a draw that is not kept', async () => {
    await assertSeen('draw', {
      meddle: ({ run: sql, now }) =>
        sql(`UPDATE certificate SET next_due = window_end - ${HOUR / 2}
             WHERE due_reason = 'ari-window' AND next_due > ${now} AND window_end > ${now + HOUR}`),
    });
  });

  it('a certificate that is renewed after it left the configuration', async () => {
    await assertSeen('removed', {
      meddle: ({ run: sql }) => sql('UPDATE certificate SET removed = 0 WHERE removed = 1'),
    });
  });

  it('a certificate that is never issued', async () => {
    await assertSeen('never', {
      mutate: issuingBy(
        (issuer) => (request, signer, journal) =>
          request.name === 'c7' ? Promise.reject(new Error('not this one')) : issuer.issue(request, signer, journal),
      ),
    });
  });

  it('a herd: all in the same hour', async () => {
    await assertSeen('spread', {
      certificates: 100,
      days: 25,
      meddle: ({ run: sql }) =>
        sql(
          `UPDATE certificate SET next_due = (next_due / ${5 * DAY}) * ${5 * DAY} WHERE due_reason IN ('lifetime', 'ari-window')`,
        ),
    });
  });
});
