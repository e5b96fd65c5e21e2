import assert from 'node:assert/strict';
import { digitalocean } from '../../../src/dns/providers/digitalocean.ts';
import { hostContract, secretWord } from './contract.ts';
import type { DoubleAnswer, DoubleRequest } from './double.ts';
import { page, type Row, type Rows, zoneRows } from './rows.ts';

const token = secretWord('token');

hostContract({
  definition: digitalocean,
  settings: (base) => ({ apiToken: token, endpoint: base }),
  wrong: () => ({ apiToken: secretWord('wrong') }),
  secrets: ['sEcReT'],
  start: () => {
    const rows = zoneRows({ crowd: 205 });
    return { ...rows, answer: (request) => answer(rows, request) };
  },
});

function answer(rows: Rows, request: DoubleRequest): DoubleAnswer {
  const { method, path, query, headers } = request;
  if (headers['authorization'] !== `Bearer ${token}`) return refused(401, 'Unauthorized', headers['authorization']);
  const [, domain, rest = ''] = /^\/v2\/domains\/([^/]+)(.*)$/.exec(path) ?? [];
  if (domain !== 'example.com') return refused(404, 'not_found');
  if (rest === '') {
    assert.equal(method, 'GET');
    return { status: 200, json: { domain: { name: domain, ttl: 1800, zone_file: '' } } };
  }
  const [, id] = /^\/records(?:\/(\d+))?$/.exec(rest) ?? assert.fail(rest);
  if (method === 'DELETE') return rows.remove(id ?? '') ? { status: 204 } : refused(404, 'not_found');
  assert.equal(id, undefined);
  if (method === 'GET') {
    const { type = '', name = '', page: number, per_page: size, ...others } = query;
    assert.deepEqual(others, {});
    assert.ok(Number(size) <= 200);
    const found = rows.find(name, type);
    const listed = page(found, Number(number), Number(size)).map(shown);
    return { status: 200, json: { domain_records: listed, links: {}, meta: { total: found.length } } };
  }
  assert.equal(method, 'POST');
  const { type, name, data, ttl, ...others } = request.json() as Record<string, string>;
  assert.deepEqual([type, others], ['TXT', {}]);
  assert.ok(Number(ttl) >= 30);
  assert.ok(!name?.includes('example.com'), 'the name is relative');
  return {
    status: 201,
    json: { domain_record: shown(rows.add('TXT', `${name}.example.com`, data ?? '', Number(ttl))) },
  };
}

function shown({ id, type, name, text, ttl }: Row): unknown {
  const relative = name === 'example.com' ? '@' : name.replace(/\.example\.com$/, '');
  return {
    id: Number(id),
    type,
    name: relative,
    data: text,
    priority: null,
    port: null,
    ttl,
    weight: null,
    flags: null,
    tag: null,
  };
}

function refused(status: number, id: string, message = 'refused'): DoubleAnswer {
  return { status, json: { id, message } };
}
