import assert from 'node:assert/strict';
import { ionos } from '../../../src/dns/providers/ionos.ts';
import { quoteTxt } from '../../../src/dns/provider-kit/txt-text.ts';
import { hostContract, secretWord } from './contract.ts';
import type { DoubleAnswer, DoubleRequest } from './double.ts';
import { type Row, type Rows, zoneRows } from './rows.ts';

const key = `0123456789abcdef.${secretWord('key')}`;
const zone = '11af3414-ebba-11e9-8df5-66fbe8a334b4';

hostContract({
  definition: ionos,
  settings: (base) => ({ apiKey: key, endpoint: `${base}/dns` }),
  wrong: () => ({ apiKey: `0123456789abcdef.${secretWord('wrong')}` }),
  secrets: ['sEcReT'],
  start: () => {
    const id = (count: number) => `00000000-0000-4000-8000-${String(count).padStart(12, '0')}`;
    const rows = zoneRows({ form: quoteTxt, id, crowd: 20 });
    return { ...rows, answer: (request) => answer(rows, request) };
  },
});

function answer(rows: Rows, request: DoubleRequest): DoubleAnswer {
  const { method, path, query, headers } = request;
  if (headers['x-api-key'] !== key) return refused(401, 'UNAUTHORIZED', headers['x-api-key']);
  if (path === '/dns/v1/zones') {
    assert.deepEqual([method, query], ['GET', {}]);
    const other = { name: 'example.net', id: '22af3414-ebba-11e9-8df5-66fbe8a334b4', type: 'NATIVE' };
    return { status: 200, json: [other, { name: 'example.com', id: zone, type: 'NATIVE' }] };
  }
  if (method === 'GET') {
    assert.equal(path, `/dns/v1/zones/${zone}`);
    const { recordName = '', recordType = '', ...others } = query;
    assert.deepEqual(others, {});
    const records = rows.find(recordName, recordType).map(shown);
    return { status: 200, json: { id: zone, name: 'example.com', type: 'NATIVE', records } };
  }
  const [, id] = new RegExp(`^/dns/v1/zones/${zone}/records(?:/([0-9a-f-]+))?$`).exec(path) ?? assert.fail(path);
  if (method === 'DELETE') return rows.remove(id ?? '') ? { status: 200 } : refused(404, 'RECORD_NOT_FOUND');
  assert.deepEqual([method, id], ['POST', undefined]);
  const added = (request.json() as Record<string, unknown>[]).map(
    ({ name, type, content, ttl, prio, disabled, ...others }) => {
      assert.deepEqual([type, prio, disabled, others], ['TXT', 0, false, {}]);
      assert.ok(Number(ttl) >= 60);
      // It is kept in quotes however it was sent.
      return shown(rows.add('TXT', String(name), quoteTxt(String(content)), Number(ttl)));
    },
  );
  assert.equal(added.length, 1);
  return { status: 201, json: added };
}

function shown({ id, type, name, text, ttl }: Row): unknown {
  return { id, type, name, rootName: 'example.com', content: text, ttl, changeDate: '', disabled: false };
}

function refused(status: number, code: string, message = 'refused'): DoubleAnswer {
  return { status, json: [{ code, message }] };
}
