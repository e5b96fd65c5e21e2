import assert from 'node:assert/strict';
import { hetzner } from '../../../src/dns/providers/hetzner.ts';
import { hostContract, secretWord } from './contract.ts';
import type { DoubleAnswer, DoubleRequest } from './double.ts';
import { type Sets, zoneSets } from './sets.ts';

const token = secretWord('token');

hostContract({
  definition: hetzner,
  settings: (base) => ({ apiToken: token, endpoint: `${base}/v1` }),
  wrong: () => ({ apiToken: secretWord('wrong') }),
  secrets: ['sEcReT'],
  start: () => {
    const { intrude: _, ...sets } = zoneSets();
    // Changes are carried out one after the other; while one runs, the zone takes no other.
    let running = false;
    return {
      ...sets,
      answer: (request) => {
        const { method, path, headers } = request;
        if (headers['authorization'] !== `Bearer ${token}`)
          return refused(401, 'unauthorized', headers['authorization']);
        if (path === '/v1/actions/7') {
          assert.equal(method, 'GET');
          running = false;
          return action('success');
        }
        if (method === 'POST') {
          if (running) return refused(423, 'locked');
          const done = change(sets, request);
          running = done.status === 201;
          return done;
        }
        return read(sets, request);
      },
    };
  },
});

type Kept = Pick<Sets, 'get' | 'put'>;

function read(sets: Kept, { method, path, query }: DoubleRequest): DoubleAnswer {
  assert.deepEqual([method, query], ['GET', {}]);
  const zone = /^\/v1\/zones\/([a-z0-9._-]+)$/.exec(path)?.[1];
  if (zone === 'example.com')
    return { status: 200, json: { zone: { id: 42, name: zone, mode: 'primary', ttl: 3600 } } };
  if (zone !== undefined) return refused(404, 'not_found');
  const name = /^\/v1\/zones\/42\/rrsets\/([a-z0-9._-]+)\/TXT$/.exec(path)?.[1] ?? assert.fail(path);
  const set = sets.get(`${name}.example.com`);
  if (set === null) return refused(404, 'not_found');
  const records = set.values.map((value) => ({ value, comment: '' }));
  return { status: 200, json: { rrset: { id: `${name}/TXT`, name, type: 'TXT', ttl: set.ttl, records, zone: 42 } } };
}

function change(sets: Kept, request: DoubleRequest): DoubleAnswer {
  const [, relative, verb] =
    /^\/v1\/zones\/42\/rrsets\/([a-z0-9._-]+)\/TXT\/actions\/(add|remove)_records$/.exec(request.path) ??
    assert.fail(request.path);
  const name = `${relative}.example.com`;
  const { records, ttl, ...others } = request.json() as { records: { value: string }[]; ttl?: number };
  assert.deepEqual(others, {});
  const [only, ...more] = records;
  assert.ok(only && more.length === 0);
  assert.deepEqual(Object.keys(only), ['value']);
  assert.match(only.value, /^".*"$/);
  const set = sets.get(name);
  if (verb === 'remove') {
    assert.equal(ttl, undefined);
    if (set === null) return refused(404, 'not_found');
    assert.ok(set.values.includes(only.value));
    sets.put(
      name,
      set.values.filter((value) => value !== only.value),
      set.ttl,
    );
    return action('running', 201);
  }
  if (set === null) {
    assert.ok(ttl !== undefined && ttl >= 60);
    sets.put(name, [only.value], ttl);
    return action('running', 201);
  }
  assert.equal(ttl, undefined, 'the set has a time to live of its own');
  if (set.values.includes(only.value)) return refused(422, 'invalid_input');
  sets.put(name, [...set.values, only.value], set.ttl);
  return action('running', 201);
}

function action(status: string, code = 200): DoubleAnswer {
  return { status: code, json: { action: { id: 7, command: 'change_rrset', status, progress: 0, error: null } } };
}

function refused(status: number, code: string, message = 'refused'): DoubleAnswer {
  return { status, json: { error: { code, message, details: {} } } };
}
