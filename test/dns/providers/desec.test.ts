import assert from 'node:assert/strict';
import { desec } from '../../../src/dns/providers/desec.ts';
import { hostContract, secretWord } from './contract.ts';
import type { DoubleAnswer, DoubleRequest } from './double.ts';
import { type Sets, zoneSets } from './sets.ts';

const token = secretWord('token');

hostContract({
  definition: desec,
  settings: (base) => ({ apiToken: token, endpoint: `${base}/api/v1` }),
  wrong: () => ({ apiToken: secretWord('wrong') }),
  secrets: ['sEcReT'],
  start: () => {
    const { intrude: _, ...sets } = zoneSets();
    return { ...sets, answer: (request) => answer(sets, request) };
  },
});

function answer(sets: Pick<Sets, 'get' | 'put'>, request: DoubleRequest): DoubleAnswer {
  const { method, path, query, headers } = request;
  if (headers['authorization'] !== `Token ${token}`) {
    return { status: 401, json: { detail: `Invalid token. ${headers['authorization']}` } };
  }
  if (path === '/api/v1/domains/') {
    assert.deepEqual([method, Object.keys(query)], ['GET', ['owns_qname']]);
    const found = [{ name: 'example.com', minimum_ttl: 900, created: '', published: '', touched: '' }];
    return { status: 200, json: `.${query['owns_qname']}`.endsWith('.example.com') ? found : [] };
  }
  assert.deepEqual(query, {});
  if (method === 'GET') {
    const subname = /^\/api\/v1\/domains\/example\.com\/rrsets\/([^/]+)\/TXT\/$/.exec(path)?.[1] ?? assert.fail(path);
    const set = sets.get(`${subname}.example.com`);
    if (set === null) return { status: 404, json: { detail: 'Not found.' } };
    const json = {
      domain: 'example.com',
      subname,
      name: `${subname}.example.com.`,
      type: 'TXT',
      records: set.values,
      ttl: set.ttl,
    };
    return { status: 200, json };
  }
  assert.deepEqual([method, path], ['PUT', '/api/v1/domains/example.com/rrsets/']);
  const list = request.json() as { subname: string; type: string; ttl: number; records: string[] }[];
  assert.equal(list.length, 1);
  for (const { subname, type, ttl, records, ...others } of list) {
    assert.deepEqual([type, others], ['TXT', {}]);
    assert.ok(ttl >= 900);
    for (const record of records) assert.match(record, /^".*"$/);
    sets.put(`${subname}.example.com`, records, ttl);
  }
  return { status: 200, json: list };
}
