import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { planBindings } from '../../../src/iis/plan/plan.ts';
import { bindingText, joinSlots } from '../../../src/iis/plan/slots.ts';
import { IIS_APP_ID, recordKeyId, recordKeyText, sameRecord } from '../../../src/iis/records/ssl-record.ts';
import { afterwards, NEW, OTHER, planInput } from '../fixtures.ts';
import { scenario } from '../scenarios.ts';

const runs = { numRuns: 400 };

test('property: the plan depends on its input alone, not on the order of sites and records', () => {
  fc.assert(
    fc.property(scenario, (one) => {
      const input = planInput(one);
      const first = planBindings(input);
      const shuffled = {
        ...input,
        inventory: {
          ...input.inventory,
          sites: input.inventory.sites.toReversed(),
          records: input.inventory.records.toReversed(),
        },
      };
      deepEqual(planBindings(structuredClone(input)), first);
      deepEqual(planBindings(shuffled), first);
      deepEqual(JSON.parse(JSON.stringify(first)), first);
    }),
    runs,
  );
});

test('property: a change keeps every field but hash and store', () => {
  fc.assert(
    fc.property(scenario, (one) => {
      for (const { before, after } of planBindings(planInput(one)).changes) {
        equal(after.certificateHash, NEW);
        if (before === null) continue;
        deepEqual(
          { ...after, certificateHash: before.certificateHash, certificateStore: before.certificateStore },
          before,
        );
      }
    }),
    runs,
  );
});

test('property: a record of a foreign application or of another managed certificate is never changed', () => {
  fc.assert(
    fc.property(scenario, (one) => {
      const listed = (one.policy?.adoptForeignAppIds ?? []).length > 0;
      for (const { before } of planBindings(planInput(one)).changes) {
        if (before === null) continue;
        ok(listed || before.appId === IIS_APP_ID);
        ok(before.certificateHash !== OTHER);
      }
    }),
    runs,
  );
});

test('property: without adopt only records that hold a certificate of ours change', () => {
  fc.assert(
    fc.property(scenario, (one) => {
      const input = planInput({ ...one, policy: { ...one.policy, adopt: false } });
      for (const { rule, before } of planBindings(input).changes) {
        ok(rule === 'previous' || rule === 'store');
        ok([NEW, input.certificate.previousThumbprint].includes(before?.certificateHash?.toLowerCase() ?? ''));
      }
    }),
    runs,
  );
});

test('property: after the changes there is nothing left to change, and the same endpoints to probe', () => {
  fc.assert(
    fc.property(scenario, (one) => {
      const first = planBindings(planInput(one));
      const records = afterwards(one.records, first);
      const second = planBindings(planInput({ ...one, records }));
      deepEqual(second.changes, []);
      const places = (endpoints: typeof first.endpoints): unknown =>
        endpoints.map(({ record, address, port, host, name, skip }) => [record, address, port, host, name, skip]);
      deepEqual(places(second.endpoints), places(first.endpoints));
    }),
    runs,
  );
});

test('property: records that no change names are as before, and before is what was there', () => {
  fc.assert(
    fc.property(scenario, (one) => {
      const result = planBindings(planInput(one));
      const before = new Map(one.records.map((record) => [recordKeyId(record.key), record]));
      for (const change of result.changes) {
        deepEqual(change.before, before.get(recordKeyId(change.key)) ?? null);
        ok(change.before === null || !sameRecord(change.before, change.after));
      }
      equal(new Set(result.changes.map(({ key }) => recordKeyId(key))).size, result.changes.length);
    }),
    runs,
  );
});

test('property: every https binding of a declared site is changed, settled or explained', () => {
  fc.assert(
    fc.property(scenario, (one) => {
      const input = planInput({ ...one, policy: { ...one.policy, sites: ['One'] } });
      const { slots, unusable } = joinSlots(input.inventory);
      const result = planBindings(input);
      const explained = new Set(result.skipped.map(({ target }) => target));
      const served = new Set(result.endpoints.map((endpoint) => endpoint.record));
      for (const { key, users } of slots.values()) {
        if (!users.some(({ site }) => site.name === 'One')) continue;
        ok(
          served.has(recordKeyText(key)) || explained.has(`http.sys record ${recordKeyText(key)}`),
          recordKeyText(key),
        );
      }
      for (const { site, binding } of unusable) {
        ok(site.name !== 'One' || binding.protocol === 'http' || explained.has(bindingText(site, binding)));
      }
    }),
    runs,
  );
});
