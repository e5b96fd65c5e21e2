import assert from 'node:assert/strict';
import { ovh } from '../../../src/dns/providers/ovh.ts';
import { signOvh } from '../../../src/cloud/ovh-signature.ts';
import { quoteTxt } from '../../../src/dns/provider-kit/txt-text.ts';
import { contractNow, hostContract, secretWord } from './contract.ts';
import type { DoubleAnswer, DoubleRequest } from './double.ts';
import { type Row, type Rows, zoneRows } from './rows.ts';

const credentials = {
  applicationKey: 'app-key',
  applicationSecret: secretWord('application'),
  consumerKey: secretWord('consumer'),
};
/** Its clock is an hour ahead of ours. */
const aheadMs = 3_600_000;

hostContract({
  definition: ovh,
  settings: (base) => ({ ...credentials, endpoint: `${base}/1.0` }),
  wrong: () => ({ consumerKey: secretWord('wrong') }),
  secrets: ['sEcReT'],
  start: () => {
    const rows = zoneRows({ crowd: 3 });
    // What the servers have: the records as they were when the zone was refreshed last.
    let served = [...rows.all];
    return {
      ...rows,
      values: (owner) => {
        assert.deepEqual(served, rows.all, 'the zone was not refreshed');
        return rows.values(owner);
      },
      answer: (request) => {
        if (request.path === '/1.0/domain/zone/example.com/refresh' && isSigned(request)) {
          assert.deepEqual([request.method, request.body], ['POST', '']);
          served = [...rows.all];
          return { status: 200, text: 'null' };
        }
        return answer(rows, request);
      },
    };
  },
});

function isSigned({ method, path, rawQuery, headers, body }: DoubleRequest): boolean {
  const url = new URL(`http://${headers['host']}${path}${rawQuery === '' ? '' : `?${rawQuery}`}`);
  const seconds = Number(headers['x-ovh-timestamp']);
  assert.ok(Math.abs(seconds * 1000 - contractNow() - aheadMs) < 900_000, 'the time is not ours but theirs');
  const expected = signOvh({ method, url, headers: {}, body }, credentials, seconds);
  return Object.entries(expected).every(([header, value]) => headers[header] === value);
}

function answer(rows: Rows, request: DoubleRequest): DoubleAnswer {
  const { method, path, query } = request;
  if (path === '/1.0/auth/time') {
    assert.deepEqual([method, request.headers['x-ovh-signature']], ['GET', undefined]);
    return { status: 200, text: String(Math.floor((contractNow() + aheadMs) / 1000)) };
  }
  if (!isSigned(request)) return refused(403, 'INVALID_SIGNATURE');
  const [, zone, rest = ''] = /^\/1\.0\/domain\/zone\/([^/]+)(.*)$/.exec(path) ?? assert.fail(path);
  // A consumer key for the one zone is not let into others below it.
  if (zone !== 'example.com') return refused(zone?.endsWith('.example.com') === true ? 403 : 404, 'NOT_GRANTED_CALL');
  if (rest === '') {
    assert.equal(method, 'GET');
    return { status: 200, json: { name: zone, hasDnsAnycast: false, nameServers: [], dnssecSupported: true } };
  }
  const [, id] = /^\/record(?:\/(\d+))?$/.exec(rest) ?? assert.fail(rest);
  if (method === 'GET' && id !== undefined) {
    const row = rows.all.find((one) => one.id === id);
    return row === undefined ? refused(404, 'NOT_FOUND') : { status: 200, json: shown(row) };
  }
  if (method === 'GET') {
    const { fieldType = '', subDomain = '', ...others } = query;
    assert.deepEqual(others, {});
    const owner = subDomain === '' ? 'example.com' : `${subDomain}.example.com`;
    return { status: 200, json: rows.find(owner, fieldType).map((row) => Number(row.id)) };
  }
  if (method === 'DELETE') return rows.remove(id ?? '') ? { status: 200, text: 'null' } : refused(404, 'NOT_FOUND');
  assert.deepEqual([method, id], ['POST', undefined]);
  const { fieldType, subDomain, target, ttl, ...others } = request.json() as Record<string, string>;
  assert.deepEqual([fieldType, others], ['TXT', {}]);
  assert.ok(Number(ttl) >= 60);
  return { status: 200, json: shown(rows.add('TXT', `${subDomain}.example.com`, quoteTxt(target ?? ''), Number(ttl))) };
}

function shown({ id, type, name, text, ttl }: Row): unknown {
  const subDomain = name === 'example.com' ? '' : name.replace(/\.example\.com$/, '');
  return { id: Number(id), zone: 'example.com', fieldType: type, subDomain, target: text, ttl };
}

function refused(status: number, errorCode: string): DoubleAnswer {
  return { status, json: { errorCode, httpCode: `${status} x`, message: credentials.applicationSecret } };
}
