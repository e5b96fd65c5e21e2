import assert from 'node:assert/strict';
import { linode } from '../../../src/dns/providers/linode.ts';
import { hostContract, secretWord } from './contract.ts';
import type { DoubleAnswer, DoubleRequest } from './double.ts';
import { page, type Row, type Rows, zoneRows } from './rows.ts';

const token = secretWord('token');
const ttls = new Set([0, 30, 120, 300, 3600, 7200, 14400, 28800, 57600, 86400]);

hostContract({
  definition: linode,
  settings: (base) => ({ apiToken: token, endpoint: `${base}/v4` }),
  wrong: () => ({ apiToken: secretWord('wrong') }),
  secrets: ['sEcReT'],
  start: () => {
    const rows = zoneRows({ crowd: 110 });
    return { ...rows, answer: (request) => answer(rows, request) };
  },
});

function answer(rows: Rows, request: DoubleRequest): DoubleAnswer {
  const { method, path, query, headers } = request;
  if (headers['authorization'] !== `Bearer ${token}`) return refused(401, `Invalid Token ${headers['authorization']}`);
  const filter = JSON.parse(headers['x-filter'] ?? '{}') as Record<string, string>;
  if (path === '/v4/domains') {
    assert.deepEqual([method, Object.keys(filter), query], ['GET', ['domain'], {}]);
    const found = filter['domain'] === 'example.com' ? [{ id: 1234, domain: 'example.com', type: 'master' }] : [];
    return { status: 200, json: { data: found, page: 1, pages: 1, results: found.length } };
  }
  const [, id] = /^\/v4\/domains\/1234\/records(?:\/(\d+))?$/.exec(path) ?? assert.fail(path);
  if (method === 'DELETE') return rows.remove(id ?? '') ? { status: 200, json: {} } : refused(404, 'Not found');
  assert.equal(id, undefined);
  if (method === 'GET') {
    const { page: number, page_size: size, ...others } = query;
    assert.deepEqual([others, Object.keys(filter)], [{}, ['type', 'name']]);
    assert.ok(Number(size) >= 25 && Number(size) <= 500);
    const found = rows.find(full(filter['name']), filter['type']);
    const data = page(found, Number(number), Number(size)).map(shown);
    const pages = Math.max(1, Math.ceil(found.length / Number(size)));
    return { status: 200, json: { data, page: Number(number), pages, results: found.length } };
  }
  assert.equal(method, 'POST');
  const { type, name, target, ttl_sec: ttl, ...others } = request.json() as Record<string, string>;
  assert.deepEqual([type, others], ['TXT', {}]);
  assert.ok(ttls.has(Number(ttl)));
  return { status: 200, json: shown(rows.add('TXT', full(name), target ?? '', Number(ttl))) };
}

function full(relative = ''): string {
  return relative === '' ? 'example.com' : `${relative}.example.com`;
}

function shown({ id, type, name, text, ttl }: Row): unknown {
  const relative = name === 'example.com' ? '' : name.replace(/\.example\.com$/, '');
  return { id: Number(id), type, name: relative, target: text, priority: 0, weight: 0, port: 0, ttl_sec: ttl };
}

function refused(status: number, reason: string): DoubleAnswer {
  return { status, json: { errors: [{ reason }] } };
}
