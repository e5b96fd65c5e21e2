import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { tencent } from '../../../src/dns/providers/tencent.ts';
import { contractNow, hostContract, secretWord } from './contract.ts';
import type { DoubleAnswer, DoubleRequest } from './double.ts';
import { type Row, type Rows, zoneRows } from './rows.ts';

const credentials = { secretId: 'AKID-test', secretKey: secretWord('key') };

hostContract({
  definition: tencent,
  settings: (base) => ({ ...credentials, endpoint: base }),
  wrong: () => ({ secretKey: secretWord('wrong') }),
  secrets: ['sEcReT'],
  tooMany: refused('RequestLimitExceeded'),
  retryAfterMs: null,
  start: () => {
    const rows = zoneRows({ crowd: 5 });
    return { ...rows, answer: (request) => answer(rows, request) };
  },
});

function answer(rows: Rows, request: DoubleRequest): DoubleAnswer {
  const { method, path, rawQuery, headers, body } = request;
  assert.deepEqual([method, path, rawQuery], ['POST', '/', '']);
  assert.equal(headers['x-tc-version'], '2021-03-23');
  const action = headers['x-tc-action'] ?? '';
  const now = Number(headers['x-tc-timestamp']) * 1000;
  assert.ok(Math.abs(now - contractNow()) < 5 * 60 * 1000);
  if (headers['authorization'] !== authorizationFor(headers, body)) return refused('AuthFailure.SignatureFailure');
  const { Domain: domain, ...rest } = request.json() as Record<string, string | number>;
  if (domain !== 'example.com') return refused('InvalidParameterValue.DomainNotExists');
  return act(rows, action, rest);
}

/**
 * TC3-HMAC-SHA256, step by step as https://www.tencentcloud.com/document/product/1278/46696 has it; none of the
 * product's code.
 */
function authorizationFor(headers: DoubleRequest['headers'], body: string): string {
  const {
    'content-type': type = '',
    host = '',
    'x-tc-action': action = '',
    'x-tc-timestamp': timestamp = '',
  } = headers;
  const sha256 = (text: string) => createHash('sha256').update(text, 'utf8').digest('hex');
  const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text, 'utf8').digest();
  const signedHeaders = 'content-type;host;x-tc-action';
  const canonicalHeaders = `content-type:${type}\nhost:${host}\nx-tc-action:${action.toLowerCase()}\n`;
  const canonicalRequest = `POST\n/\n\n${canonicalHeaders}\n${signedHeaders}\n${sha256(body)}`;
  const date = new Date(Number(timestamp) * 1000).toISOString().split('T')[0] ?? '';
  const stringToSign = `TC3-HMAC-SHA256\n${timestamp}\n${date}/dnspod/tc3_request\n${sha256(canonicalRequest)}`;
  const secretDate = hmac(`TC3${credentials.secretKey}`, date);
  const secretService = hmac(secretDate, 'dnspod');
  const secretSigning = hmac(secretService, 'tc3_request');
  const signature = hmac(secretSigning, stringToSign).toString('hex');
  return `TC3-HMAC-SHA256 Credential=${credentials.secretId}/${date}/dnspod/tc3_request, SignedHeaders=${signedHeaders}, Signature=${signature}`;
}

function act(rows: Rows, action: string, json: Readonly<Record<string, string | number>>): DoubleAnswer {
  switch (action) {
    case 'DescribeDomain':
      assert.deepEqual(json, {});
      return done({ DomainInfo: { Domain: 'example.com', DomainId: 62, Status: 'enable' } });
    case 'DescribeRecordList': {
      const { Subdomain: relative, RecordType: type, Limit: limit, Offset: offset, ...others } = json;
      assert.deepEqual(others, {});
      assert.ok(Number(limit) <= 3000);
      const found = rows.find(`${relative}.example.com`, String(type));
      if (found.length === 0) return refused('ResourceNotFound.NoDataOfRecord');
      const RecordList = found.slice(Number(offset), Number(offset) + Number(limit)).map(shown);
      return done({ RecordCountInfo: { TotalCount: found.length }, RecordList });
    }
    case 'CreateRecord': {
      const { SubDomain: relative, RecordType: type, RecordLine: line, Value: value, TTL: ttl, ...others } = json;
      assert.deepEqual([type, line, others], ['TXT', '默认', {}]);
      assert.ok(Number(ttl) >= 600);
      const owner = `${relative}.example.com`;
      if (rows.find(owner).some(({ text }) => text === value)) return refused('InvalidParameter.DomainRecordExist');
      return done({ RecordId: Number(rows.add('TXT', owner, String(value), Number(ttl)).id) });
    }
    case 'DeleteRecord':
      assert.deepEqual(Object.keys(json), ['RecordId']);
      assert.equal(typeof json['RecordId'], 'number');
      return rows.remove(String(json['RecordId'])) ? done({}) : refused('ResourceNotFound.NoDataOfRecord');
    default:
      return assert.fail(action);
  }
}

function shown({ id, type, name, text, ttl }: Row): unknown {
  const relative = name === 'example.com' ? '@' : name.replace(/\.example\.com$/, '');
  return { RecordId: Number(id), Name: relative, Type: type, Value: text, TTL: ttl, Line: '默认', Status: 'ENABLE' };
}

function done(response: object): DoubleAnswer {
  return { status: 200, json: { Response: { ...response, RequestId: 'x' } } };
}

function refused(Code: string): DoubleAnswer {
  return done({ Error: { Code, Message: secretWord('key') } });
}
