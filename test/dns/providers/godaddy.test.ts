import assert from 'node:assert/strict';
import { godaddy } from '../../../src/dns/providers/godaddy.ts';
import { hostContract, secretWord } from './contract.ts';
import type { DoubleAnswer, DoubleRequest } from './double.ts';
import { type Sets, zoneSets } from './sets.ts';

const key = secretWord('key');
const secret = secretWord('secret');

hostContract({
  definition: godaddy,
  settings: (base) => ({ apiKey: key, apiSecret: secret, endpoint: base }),
  wrong: () => ({ apiSecret: secretWord('wrong') }),
  secrets: ['sEcReT'],
  start: () => {
    const { intrude: _, ...sets } = zoneSets((value) => value);
    return { ...sets, answer: (request) => answer(sets, request) };
  },
});

type Kept = Pick<Sets, 'get' | 'put'>;

function answer(sets: Kept, request: DoubleRequest): DoubleAnswer {
  const { method, path, query, headers } = request;
  assert.deepEqual(query, {});
  if (headers['authorization'] !== `sso-key ${key}:${secret}`) return refused(401, 'UNABLE_TO_AUTHENTICATE');
  const [, domain, rest = ''] = /^\/v1\/domains\/([^/]+)(.*)$/.exec(path) ?? assert.fail(path);
  if (domain?.startsWith('_') === true) return refused(422, 'INVALID_DOMAIN');
  if (domain !== 'example.com') return refused(404, 'NOT_FOUND');
  if (rest === '') {
    assert.equal(method, 'GET');
    return { status: 200, json: { domain, domainId: 1, status: 'ACTIVE', nameServers: [] } };
  }
  if (rest === '/records') return add(sets, request);
  const relative = /^\/records\/TXT\/([^/]+)$/.exec(rest)?.[1] ?? assert.fail(rest);
  const name = `${relative}.example.com`;
  const set = sets.get(name);
  if (method === 'GET') {
    const shown = (data: string) => ({ data, name: relative, ttl: set?.ttl, type: 'TXT' });
    return { status: 200, json: (set?.values ?? []).map(shown) };
  }
  if (method === 'DELETE') {
    if (set === null) return refused(404, 'NOT_FOUND');
    sets.put(name, [], 0);
    return { status: 204 };
  }
  assert.equal(method, 'PUT');
  const list = request.json() as { data: string; ttl: number }[];
  for (const { data, ttl, ...others } of list) {
    assert.deepEqual(others, {});
    assert.ok(ttl >= 600 && data !== '');
  }
  assert.ok(list.length > 0, 'an empty list is refused');
  sets.put(
    name,
    list.map(({ data }) => data),
    list[0]?.ttl ?? 0,
  );
  return { status: 200 };
}

function add(sets: Kept, request: DoubleRequest): DoubleAnswer {
  assert.equal(request.method, 'PATCH');
  for (const { type, name, data, ttl, ...others } of request.json() as Record<string, string>[]) {
    assert.deepEqual([type, others], ['TXT', {}]);
    assert.ok(Number(ttl) >= 600);
    const owner = `${name}.example.com`;
    const before = sets.get(owner)?.values ?? [];
    if (data === undefined || before.includes(data)) return refused(422, 'DUPLICATE_RECORD');
    sets.put(owner, [...before, data], Number(ttl));
  }
  return { status: 200 };
}

function refused(status: number, code: string): DoubleAnswer {
  return { status, json: { code, message: `${key} ${secret}` } };
}
