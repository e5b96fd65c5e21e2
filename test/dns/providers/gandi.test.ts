import assert from 'node:assert/strict';
import { gandi } from '../../../src/dns/providers/gandi.ts';
import { hostContract, secretWord } from './contract.ts';
import type { DoubleAnswer, DoubleRequest } from './double.ts';
import { type Sets, zoneSets } from './sets.ts';

const token = secretWord('token');

hostContract({
  definition: gandi,
  settings: (base) => ({ apiToken: token, endpoint: `${base}/v5/livedns` }),
  wrong: () => ({ apiToken: secretWord('wrong') }),
  secrets: ['sEcReT'],
  start: () => {
    const { intrude: _, ...sets } = zoneSets();
    return { ...sets, answer: (request) => answer(sets, request) };
  },
});

function answer(sets: Pick<Sets, 'get' | 'put'>, request: DoubleRequest): DoubleAnswer {
  const { method, path, query, headers } = request;
  assert.deepEqual(query, {});
  if (headers['authorization'] !== `Bearer ${token}`) return refused(401, headers['authorization']);
  const [, domain, rest = ''] = /^\/v5\/livedns\/domains\/([^/]+)(.*)$/.exec(path) ?? assert.fail(path);
  if (domain !== 'example.com') return refused(404);
  if (rest === '') {
    assert.equal(method, 'GET');
    return { status: 200, json: { fqdn: domain, domain_href: '', domain_records_href: '' } };
  }
  const relative = /^\/records\/([^/]+)\/TXT$/.exec(rest)?.[1] ?? assert.fail(rest);
  const name = `${relative}.example.com`;
  const set = sets.get(name);
  if (method === 'GET' || method === 'DELETE') {
    if (set === null) return refused(404);
    if (method === 'DELETE') sets.put(name, [], 0);
    if (method === 'DELETE') return { status: 204 };
    const json = {
      rrset_name: relative,
      rrset_type: 'TXT',
      rrset_ttl: set.ttl,
      rrset_values: set.values,
      rrset_href: '',
    };
    return { status: 200, json };
  }
  assert.equal(method, 'PUT');
  const { rrset_values: values, rrset_ttl: ttl, ...others } = request.json() as Record<string, unknown>;
  assert.deepEqual(others, {});
  assert.ok(Number(ttl) >= 300 && Number(ttl) <= 2_592_000);
  assert.ok(Array.isArray(values) && values.length > 0 && new Set(values).size === values.length);
  for (const value of values) assert.match(String(value), /^".*"$/);
  sets.put(name, values.map(String), Number(ttl));
  return { status: 201, json: { message: 'DNS Record Created' } };
}

function refused(code: number, message = 'refused'): DoubleAnswer {
  return { status: code, json: { code, message, object: 'HTTPError', cause: message } };
}
