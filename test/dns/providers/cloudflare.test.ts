import assert from 'node:assert/strict';
import { cloudflare } from '../../../src/dns/providers/cloudflare.ts';
import { quoteTxt } from '../../../src/dns/provider-kit/txt-text.ts';
import { hostContract, secretWord } from './contract.ts';
import type { DoubleAnswer, DoubleRequest } from './double.ts';
import { page, type Row, type Rows, zoneRows } from './rows.ts';

const token = secretWord('token');
const zone = '0123456789abcdef0123456789abcdef';

hostContract({
  definition: cloudflare,
  settings: (base) => ({ apiToken: token, endpoint: `${base}/client/v4/` }),
  wrong: () => ({ apiToken: secretWord('wrong') }),
  secrets: ['sEcReT'],
  start: () => {
    const rows = zoneRows({ form: quoteTxt, id: (count) => String(count).padStart(32, '0'), crowd: 105 });
    return { ...rows, answer: (request) => answer(rows, request) };
  },
});

function answer(rows: Rows, request: DoubleRequest): DoubleAnswer {
  const { method, path, query } = request;
  const authorization = request.headers['authorization'];
  if (authorization !== `Bearer ${token}`) return refused(400, 6003, `bad: ${authorization}`);
  if (path === '/client/v4/zones') {
    assert.equal(method, 'GET');
    assert.deepEqual(Object.keys(query), ['name']);
    return done(query['name'] === 'example.com' ? [{ id: zone, name: 'example.com', status: 'active' }] : []);
  }
  const [, id, rest = ''] = /^\/client\/v4\/zones\/([0-9a-f]{32})\/dns_records(.*)$/.exec(path) ?? [];
  assert.equal(id, zone);
  if (method === 'GET') {
    const { type = '', 'name.exact': owner = '', page: number, per_page: size, ...others } = query;
    assert.deepEqual([rest, others], ['', {}]);
    return done(page(rows.find(owner, type).map(shown), Number(number), Number(size)));
  }
  if (method === 'POST') {
    const { type, name, content, ttl, ...others } = request.json() as Record<string, string>;
    assert.deepEqual([rest, type, others], ['', 'TXT', {}]);
    assert.ok(Number(ttl) >= 60, 'the least that every plan has');
    assert.match(content ?? '', /^".*"$/);
    if (rows.find(name ?? '').some(({ text }) => text === content)) return refused(400, 81058, 'identical');
    return done(shown(rows.add('TXT', name ?? '', content ?? '', Number(ttl))));
  }
  assert.equal(method, 'DELETE');
  return rows.remove(rest.slice(1)) ? done({ id: rest.slice(1) }) : refused(404, 81044, 'no such record');
}

function shown({ id, type, name, text, ttl }: Row): unknown {
  return { id, type, name, content: text, ttl, proxied: false, proxiable: false };
}

function done(result: unknown): DoubleAnswer {
  return { status: 200, json: { success: true, errors: [], messages: [], result } };
}

function refused(status: number, code: number, message: string): DoubleAnswer {
  return { status, json: { success: false, errors: [{ code, message }], messages: [], result: null } };
}
