import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signTencent } from '../../../src/cloud/tencent-signature.ts';
import { tencent } from '../../../src/dns/providers/tencent.ts';
import { hostContract, secretWord } from './contract.ts';
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
  assert.ok(Math.abs(now - Date.now()) < 5 * 60 * 1000);
  const signed = signTencent(
    {
      method,
      url: new URL(`http://${headers['host']}/`),
      headers: { 'content-type': headers['content-type'] ?? '', 'x-tc-action': action },
      body,
    },
    credentials,
    'dnspod',
    now,
  );
  if (headers['authorization'] !== signed['authorization']) return refused('AuthFailure.SignatureFailure');
  const { Domain: domain, ...rest } = request.json() as Record<string, string | number>;
  if (domain !== 'example.com') return refused('InvalidParameterValue.DomainNotExists');
  return act(rows, action, rest);
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

test('the signature of the worked example in the documentation', () => {
  const { authorization } = signTencent(
    {
      method: 'POST',
      url: new URL('https://cvm.tencentcloudapi.com/'),
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: '{"Limit": 1, "Filters": [{"Values": ["\\u672a\\u547d\\u540d"], "Name": "instance-name"}]}',
    },
    { secretId: 'AKIDz8krbsJ5yKBZQpn74WFkmLPx3*******', secretKey: 'Gu5t9xGARNpq86cd98joQYCN3*******' },
    'cvm',
    1551113065_000,
  );
  assert.equal(
    authorization,
    'TC3-HMAC-SHA256 Credential=AKIDz8krbsJ5yKBZQpn74WFkmLPx3*******/2019-02-25/cvm/tc3_request, SignedHeaders=content-type;host, Signature=2230eefd229f582d8b1b891af7107b91597240707d778ab3738f756258d7652c',
  );
});
