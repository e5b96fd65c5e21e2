import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dns01Value } from '../../../src/acme/jose/key-authorization.ts';
import { createDns01Solver } from '../../../src/challenge/dns-01/solver.ts';
import { createKeyedMutex } from '../../../src/concurrency/keyed-mutex.ts';
import type { Resolver } from '../../../src/dns/resolver.ts';
import { EverbindError } from '../../../src/errors/error.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import type { TxtRecord } from '../../../src/ports/dns-provider.ts';
import { answerWith } from '../../dns/support.ts';
import { coded, dnsTask } from '../support.ts';

const END = 'shop.acme.example.net';

interface Parts {
  /** Where _acme-challenge leads; itself unless told. */
  readonly target?: () => string;
  /** For how many seconds the resolver remembers that a name does not exist, and says so. */
  readonly absentFor?: number;
  readonly open?: () => void;
}

/** A solver over a provider that keeps values, a resolver that sees them, and a clock whose sleeps pass at once. */
function solverWith({ target, absentFor = 0, open = () => {} }: Parts = {}) {
  const values = new Map<string, Set<string>>();
  const calls: string[] = [];
  const valuesAt = (name: string): Set<string> => values.get(name) ?? new Set();
  let now = 0;
  const clock: Clock = { now: () => now, sleep: async (ms) => void (now += ms) };
  const resolver: Resolver = {
    ask: () => Promise.reject(new EverbindError('DNS_QUERY_FAILED', 'no server')),
    addresses: () => Promise.resolve([]),
    lookup: async (name, type) => {
      if (type === 'CNAME' && target !== undefined && target() !== name) {
        return answerWith(name, [{ type: 'CNAME', target: target() }]);
      }
      if (absentFor === 0)
        return answerWith(name, type === 'TXT' ? [...valuesAt(name)].map((text) => ({ type, text })) : []);
      const [soa] = answerWith('example', [{ type: 'SOA', primary: 'ns.example' }]).answers;
      assert.ok(soa !== undefined);
      return answerWith(name, [], { rcode: 'NXDOMAIN', authority: [{ ...soa, ttl: absentFor }] });
    },
  };
  const note = (action: string, { name }: TxtRecord): void => void calls.push(`${action} ${name}`);
  const solver = createDns01Solver({
    type: 'dns-01',
    openProvider: async () => {
      open();
      return {
        present: async (record) => {
          note('present', record);
          values.set(record.name, valuesAt(record.name).add(record.value));
        },
        wait: async (record) => note('wait', record),
        cleanUp: async (record) => {
          note('cleanUp', record);
          valuesAt(record.name).delete(record.value);
        },
        findZone: (name) => Promise.resolve(name),
      };
    },
    resolver,
    port: 53,
    clock,
    limitMs: 10_000,
    publicResolvers: [],
    inTurn: createKeyedMutex(),
  });
  return { solver, calls, values, now: () => now };
}

test('a name and its wildcard: two values at one record, each removed alone', async () => {
  const { solver, calls, values } = solverWith();
  const [name, wildcard] = [dnsTask(), dnsTask('shop.everbind.test', true)];
  const record = '_acme-challenge.shop.everbind.test';
  await Promise.all([solver.present(name), solver.present(wildcard)]);
  await Promise.all([solver.wait(name), solver.wait(wildcard)]);
  await solver.cleanUp(name);
  assert.deepEqual([...(values.get(record) ?? [])], [dns01Value(wildcard.keyAuthorization)]);
  assert.deepEqual(calls.slice(0, 4).sort(), [
    `present ${record}`,
    `present ${record}`,
    `wait ${record}`,
    `wait ${record}`,
  ]);
});

test('where a CNAME leads, all is done there; it is removed there although the CNAME has changed since', async () => {
  let target = END;
  const { solver, calls } = solverWith({ target: () => target });
  const task = dnsTask();
  await solver.present(task);
  await solver.wait(task);
  target = 'elsewhere.example.net';
  await solver.cleanUp(task);
  assert.deepEqual(calls, [`present ${END}`, `wait ${END}`, `cleanUp ${END}`]);
});

test('after a kill the CNAME says again what to remove', async () => {
  const { solver, calls } = solverWith({ target: () => END });
  await solver.cleanUp(dnsTask());
  assert.deepEqual(calls, [`cleanUp ${END}`]);
});

test('a resolver that may still deny the name because it was asked too early does not stop the order; a later one does', async () => {
  const task = dnsTask();
  const early = solverWith({ absentFor: 60 });
  await early.solver.present(task);
  await early.solver.wait(task);
  assert.ok(early.now() > 5_000, 'it looked all the time');
  const late = solverWith({ absentFor: 1 });
  await late.solver.present(task);
  await assert.rejects(late.solver.wait(task), coded('CHALLENGE_SELF_CHECK_FAILED', 'txt-missing'));
});

test('a provider that could not be opened is opened again', async () => {
  let failures = 1;
  const refused = new EverbindError('SECRET_NOT_FOUND', 'the secret is not set');
  const { solver, calls } = solverWith({
    open: () => {
      if (failures-- > 0) throw refused;
    },
  });
  await assert.rejects(solver.present(dnsTask()), refused);
  await solver.present(dnsTask());
  assert.equal(calls.length, 1);
});
