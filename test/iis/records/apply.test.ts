import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createRecords, type SimRecords } from '../../../lab/sim-windows/ssl-records.ts';
import { WindowsError } from '../../../src/errors/error.ts';
import { applyChanges, restoreRecords, type RecordChange } from '../../../src/iis/records/apply.ts';
import { planBindings } from '../../../src/iis/plan/plan.ts';
import { decodeRecord, encodeRecord } from '../../../src/iis/records/ssl-record-json.ts';
import { recordKeyId, sameRecord } from '../../../src/iis/records/ssl-record.ts';
import type { SslRecord, SslRecords } from '../../../src/ports/windows-host.ts';
import { NEW, OLD, planInput, record, THEIRS } from '../fixtures.ts';
import { comparable } from '../../ports/windows-host-support.ts';
import { scenario } from '../scenarios.ts';

async function records(...initial: readonly SslRecord[]): Promise<SimRecords> {
  const made = createRecords(
    () => true,
    async () => {},
  );
  for (const one of initial) await made.set(one);
  return made;
}

const renewal = (text: string, before: SslRecord | null): RecordChange => ({
  key: record(text, null).key,
  before,
  after: { ...(before ?? record(text, null)), certificateHash: NEW },
});

/** In one order; a record in MY reads back without a store. */
const sorted = (list: readonly SslRecord[]): readonly SslRecord[] =>
  list
    .map((one) => comparable(one))
    .toSorted((left, right) => (recordKeyId(left.key) < recordKeyId(right.key) ? -1 : 1));

class Killed extends Error {}

/**
 * Stops at the `nth` call that changes something, before or after its effect; a replacement may stop between delete and
 * set.
 */
function killedAt(inner: SslRecords, nth: number, how: 'before' | 'after' | 'between'): SslRecords {
  let calls = 0;
  const around = async (work: () => Promise<void>, half: () => Promise<void>): Promise<void> => {
    calls += 1;
    if (calls < nth) return work();
    if (calls === nth && how === 'after') await work();
    if (calls === nth && how === 'between') await half();
    throw new Killed();
  };
  return {
    enumerate: () => inner.enumerate(),
    query: (key) => inner.query(key),
    set: (one) =>
      around(
        () => inner.set(one),
        async () => {},
      ),
    update: (one) =>
      around(
        () => inner.update(one),
        () => inner.remove(one.key),
      ),
    remove: (key) =>
      around(
        () => inner.remove(key),
        async () => {},
      ),
  };
}

test('applies, reads back, and passes over what is made already', async () => {
  const a = record('a.example:443', OLD, { flags: 0x4000_0442 });
  const host = { sslRecords: await records(a) };
  const changes = [renewal('a.example:443', a), renewal('10.0.0.1:443', null)];
  await applyChanges(host, changes);
  deepEqual(sorted(await host.sslRecords.enumerate()), sorted(changes.map(({ after }) => after)));
  // A second run must not write: nothing may change any more.
  await applyChanges({ sslRecords: killedAt(host.sslRecords, 1, 'before') }, changes);
});

test('restores exactly: earlier records come back, created ones go', async () => {
  const a = record('a.example:443', OLD, { certificateStore: null });
  const host = { sslRecords: await records(a) };
  const changes = [renewal('a.example:443', a), renewal('b.example:443', null)];
  await applyChanges(host, changes);
  await restoreRecords(host, changes);
  deepEqual(host.sslRecords.current(), [a]);
  await restoreRecords({ sslRecords: killedAt(host.sslRecords, 1, 'before') }, changes);
});

test('a record that somebody else changed since the plan stops the whole apply before the first write', async () => {
  const [a, b] = [record('a.example:443', OLD), record('b.example:443', OLD)];
  const host = { sslRecords: await records(a, { ...b, flags: 8 }) };
  const changes = [renewal('a.example:443', a), renewal('b.example:443', b)];
  await rejects(applyChanges(host, changes), { code: 'IIS_RECORD_CHANGED_BY_OTHERS' });
  deepEqual(await host.sslRecords.query(a.key), a);
});

test('a record that somebody else changes while others are written is left alone', async () => {
  const [a, b] = [record('a.example:443', OLD), record('b.example:443', OLD)];
  const sslRecords = await records(a, b);
  const theirs = { ...b, certificateHash: THEIRS };
  const host = {
    sslRecords: {
      ...sslRecords,
      update: async (one: SslRecord) => {
        await sslRecords.update(one);
        await sslRecords.update(theirs);
      },
    },
  };
  const changes = [renewal('a.example:443', a), renewal('b.example:443', b)];
  await rejects(applyChanges(host, changes), { code: 'IIS_RECORD_CHANGED_BY_OTHERS' });
  deepEqual(await sslRecords.query(b.key), theirs);
});

test('restore leaves what somebody else changed meanwhile, restores the rest, and says so', async () => {
  const [a, b, c] = [record('a.example:443', OLD), record('b.example:443', OLD), record('c.example:443', OLD)];
  const host = { sslRecords: await records(a, b, c) };
  const changes = [a, b, c].map((one) => renewal(`${one.key.kind === 'hostnameport' ? one.key.host : ''}:443`, one));
  changes.push(renewal('d.example:443', null));
  await applyChanges(host, changes);
  const touched = { ...b, certificateHash: THEIRS };
  await host.sslRecords.update(touched);
  const made = { ...record('d.example:443', NEW), flags: 1 };
  await host.sslRecords.update(made);
  await rejects(restoreRecords(host, changes), (error: unknown) => {
    ok(error instanceof Error && 'code' in error && error.code === 'IIS_RECORD_CHANGED_BY_OTHERS');
    ok('details' in error);
    deepEqual(error.details, { records: ['b.example:443', 'd.example:443'] });
    return true;
  });
  deepEqual(sorted(host.sslRecords.current()), sorted([a, touched, c, made]));
});

test('a record that does not take is an error', async () => {
  const a = record('a.example:443', OLD);
  const inner = await records(a);
  const stuck: SslRecords = { ...inner, update: async () => {}, set: async () => {}, remove: async () => {} };
  await rejects(applyChanges({ sslRecords: stuck }, [renewal('a.example:443', a)]), {
    code: 'IIS_RECORD_DID_NOT_TAKE',
  });
  await rejects(applyChanges({ sslRecords: stuck }, [renewal('b.example:443', null)]), {
    code: 'IIS_RECORD_DID_NOT_TAKE',
  });
  await inner.set(record('b.example:443', NEW));
  await rejects(restoreRecords({ sslRecords: stuck }, [renewal('b.example:443', null)]), {
    code: 'IIS_RESTORE_FAILED',
    details: { records: ['b.example:443'], changedByOthers: [], cause: 'IIS_RECORD_DID_NOT_TAKE' },
  });
});

test('a failing call: apply passes the Windows error on, restore does the rest first', async () => {
  const [a, b] = [record('a.example:443', OLD), record('b.example:443', OLD)];
  const inner = await records(a, b);
  const failing: SslRecords = {
    ...inner,
    update: async (one) => {
      if (one.key.kind === 'hostnameport' && one.key.host === 'a.example') throw new WindowsError('Update', 31);
      await inner.update(one);
    },
  };
  const changes = [renewal('a.example:443', a), renewal('b.example:443', b)];
  await rejects(applyChanges({ sslRecords: failing }, changes), { code: 'WIN_CALL_FAILED', status: 31 });
  await applyChanges({ sslRecords: inner }, changes);
  await rejects(restoreRecords({ sslRecords: failing }, changes), {
    code: 'IIS_RESTORE_FAILED',
    details: { records: ['a.example:443'], changedByOthers: [], cause: 'WIN_CALL_FAILED' },
  });
  deepEqual(await inner.query(b.key), b);
});

test('property: plan, apply, restore is identity; apply twice is apply once', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async (one) => {
      const host = { sslRecords: await records(...one.records) };
      const { changes } = planBindings(planInput(one));
      await applyChanges(host, changes);
      await applyChanges(host, changes);
      for (const { key, after } of changes)
        ok(sameRecord((await host.sslRecords.query(key)) ?? record('x:1', null), after));
      await restoreRecords(host, changes);
      deepEqual(sorted(host.sslRecords.current()), sorted(one.records));
    }),
    { numRuns: 200 },
  );
});

test('property: killed anywhere, the next run finishes the work or restores the records', async () => {
  const how = fc.constantFrom('before' as const, 'after' as const, 'between' as const);
  await fc.assert(
    fc.asyncProperty(scenario, fc.integer({ min: 1, max: 6 }), how, fc.boolean(), async (one, nth, where, forward) => {
      const inner = await records(...one.records);
      const { changes } = planBindings(planInput(one));
      const ignoreKill = (error: unknown): void => ok(error instanceof Killed || isFailedByKill(error), String(error));
      await applyChanges({ sslRecords: killedAt(inner, nth, where) }, changes).catch(ignoreKill);
      if (forward) {
        await applyChanges({ sslRecords: inner }, changes);
        const rest = one.records.filter(
          (kept) => !changes.some(({ key }) => recordKeyId(key) === recordKeyId(kept.key)),
        );
        deepEqual(sorted(inner.current()), sorted([...rest, ...changes.map(({ after }) => after)]));
      }
      await restoreRecords({ sslRecords: killedAt(inner, nth, where) }, changes).catch(ignoreKill);
      await restoreRecords({ sslRecords: inner }, changes);
      deepEqual(sorted(inner.current()), sorted(one.records));
    }),
    { numRuns: 200 },
  );
});

test('a record survives the journal', () => {
  const one = record('[::1]:443', OLD, { ctlIdentifier: 'x', flags: 0xffffffff, certificateStore: null });
  deepEqual(decodeRecord(JSON.parse(JSON.stringify(encodeRecord(one)))), one);
  for (const key of [
    { kind: 'ccs', port: 443 } as const,
    { kind: 'scopedccs', host: 'a', port: 443 } as const,
    { kind: 'hostnameport', host: 'a', port: 443 } as const,
  ]) {
    deepEqual(decodeRecord(encodeRecord({ ...one, key })).key, key);
  }
  for (const broken of [null, [], {}, { ...one, flags: '1' }, { ...one, key: { kind: 'x', port: 1 } }]) {
    try {
      decodeRecord(broken);
    } catch (error) {
      equal((error as { code?: unknown }).code, 'IIS_PLAN_INVALID');
      continue;
    }
    ok(false, 'accepted');
  }
});

function isFailedByKill(error: unknown): boolean {
  return error instanceof Error && error.cause instanceof Killed;
}

test('restore cannot bring back a certificate that somebody deleted: the new one stays, the rest is restored', async () => {
  const stored = new Set([OLD, NEW, THEIRS]);
  const sslRecords = createRecords(
    (_, hash) => stored.has(hash),
    async () => {},
  );
  const [a, b, c] = [record('a.example:443', OLD), record('b.example:443', THEIRS), record('c.example:443', THEIRS)];
  for (const one of [a, b, c]) await sslRecords.set(one);
  const changes = [renewal('a.example:443', a), renewal('b.example:443', b), renewal('c.example:443', c)];
  await applyChanges({ sslRecords }, changes);
  stored.delete(THEIRS);
  // A kill between removing and setting has left no record at all.
  await sslRecords.remove(c.key);
  await rejects(restoreRecords({ sslRecords }, changes), {
    code: 'IIS_RECORD_NOT_RESTORABLE',
    details: { records: ['b.example:443', 'c.example:443'], changedByOthers: [] },
  });
  deepEqual(sorted(sslRecords.current()), sorted([a, ...changes.slice(1).map(({ after }) => after)]));
  // Any other failure counts for more: it may heal.
  const failing = { ...sslRecords, update: async () => Promise.reject(new WindowsError('x', 31)) };
  await sslRecords.update(changes[0]?.after ?? a);
  await rejects(restoreRecords({ sslRecords: failing }, changes), { code: 'IIS_RESTORE_FAILED' });
});
