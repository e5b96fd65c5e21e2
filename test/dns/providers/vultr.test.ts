import assert from 'node:assert/strict';
import { quoteTxt } from '../../../src/dns/provider-kit/txt-text.ts';
import { vultr } from '../../../src/dns/providers/vultr.ts';
import { hostContract, secretWord } from './contract.ts';
import type { DoubleAnswer, DoubleRequest } from './double.ts';
import { type Row, type Rows, zoneRows } from './rows.ts';

const key = secretWord('key');

hostContract({
  definition: vultr,
  settings: (base) => ({ apiKey: key, endpoint: `${base}/v2` }),
  wrong: () => ({ apiKey: secretWord('wrong') }),
  secrets: ['sEcReT'],
  start: () => {
    const id = (count: number) => `00000000-0000-4000-8000-${String(count).padStart(12, '0')}`;
    const rows = zoneRows({ form: quoteTxt, id, crowd: 50 });
    return { ...rows, answer: (request) => answer(rows, request) };
  },
});

function answer(rows: Rows, request: DoubleRequest): DoubleAnswer {
  const { method, path, query, headers } = request;
  if (headers['authorization'] !== `Bearer ${key}`)
    return refused(401, `Invalid API token: ${headers['authorization']}`);
  if (path === '/v2/domains') {
    assert.equal(method, 'GET');
    // On the last page, so that all of them have to be read.
    const names = Array.from({ length: 60 }, (_, index) => ({
      domain: `other-${index}.example`,
      dns_sec: 'disabled',
    }));
    return listed('domains', [...names, { domain: 'example.com', dns_sec: 'disabled' }], query);
  }
  const [, id] = /^\/v2\/domains\/example\.com\/records(?:\/([0-9a-f-]+))?$/.exec(path) ?? assert.fail(path);
  if (method === 'DELETE') return rows.remove(id ?? '') ? { status: 204 } : refused(404, 'Invalid record');
  assert.equal(id, undefined);
  if (method === 'GET') return listed('records', rows.all.map(shown), query);
  assert.equal(method, 'POST');
  const { type, name, data, ttl, ...others } = request.json() as Record<string, string>;
  assert.deepEqual([type, others], ['TXT', {}]);
  assert.ok(Number(ttl) >= 120);
  assert.match(data ?? '', /^".*"$/);
  return { status: 201, json: { record: shown(rows.add('TXT', `${name}.example.com`, data ?? '', Number(ttl))) } };
}

function listed(what: string, all: readonly unknown[], query: Readonly<Record<string, string>>): DoubleAnswer {
  const { cursor = 'from-0', per_page: size, ...others } = query;
  assert.deepEqual(others, {});
  assert.ok(Number(size) >= 1 && Number(size) <= 500);
  const from = Number(/^from-(\d+)$/.exec(cursor)?.[1] ?? assert.fail(cursor));
  // Fewer than were asked for: what comes next is in the cursor.
  const next = from + Math.min(Number(size), 40);
  const links = { next: next < all.length ? `from-${next}` : '', prev: '' };
  return { status: 200, json: { [what]: all.slice(from, next), meta: { total: all.length, links } } };
}

function shown({ id, type, name, text, ttl }: Row): unknown {
  const relative = name === 'example.com' ? '' : name.replace(/\.example\.com$/, '');
  return { id, type, name: relative, data: text, priority: -1, ttl };
}

function refused(status: number, error: string): DoubleAnswer {
  return { status, json: { error, status } };
}
