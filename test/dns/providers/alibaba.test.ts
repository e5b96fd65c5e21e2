import assert from 'node:assert/strict';
import { alibaba } from '../../../src/dns/providers/alibaba.ts';
import { signAlibaba } from '../../../src/cloud/alibaba-signature.ts';
import { contractNow, hostContract, secretWord } from './contract.ts';
import type { DoubleAnswer, DoubleRequest } from './double.ts';
import { page, type Row, type Rows, zoneRows } from './rows.ts';

const credentials = { accessKeyId: 'LTAI-test', accessKeySecret: secretWord('secret') };

hostContract({
  definition: alibaba,
  settings: (base) => ({ ...credentials, endpoint: base }),
  wrong: () => ({ accessKeySecret: secretWord('wrong') }),
  secrets: ['sEcReT'],
  tooMany: { status: 400, json: { Code: 'Throttling.User', Message: 'slow', RequestId: 'x' } },
  retryAfterMs: null,
  start: () => {
    const rows = zoneRows({ crowd: 105 });
    const nonces = new Set<string>();
    return { ...rows, answer: (request) => answer(rows, nonces, request) };
  },
});

function answer(rows: Rows, nonces: Set<string>, request: DoubleRequest): DoubleAnswer {
  const { method, path, query, rawQuery, headers, body } = request;
  assert.deepEqual([method, path, body], ['POST', '/', '']);
  const { 'x-acs-action': action = '', 'x-acs-version': version = '', 'x-acs-signature-nonce': nonce = '' } = headers;
  assert.equal(version, '2015-01-09');
  assert.ok(!nonces.has(nonce) && nonce.length >= 16, 'a nonce is used once');
  nonces.add(nonce);
  const now = Date.parse(headers['x-acs-date'] ?? '');
  assert.ok(Math.abs(now - contractNow()) < 15 * 60 * 1000);
  const signed = signAlibaba(
    {
      method,
      url: new URL(`http://${headers['host']}/?${rawQuery}`),
      headers: { 'x-acs-action': action, 'x-acs-version': version },
      body,
    },
    credentials,
    now,
    nonce,
  );
  if (headers['authorization'] !== signed['authorization']) return refused(400, 'SignatureDoesNotMatch');
  const { DomainName: domain, ...rest } = query;
  if (domain !== undefined && domain !== 'example.com') return refused(400, 'InvalidDomainName.NoExist');
  return act(rows, action, rest);
}

function act(rows: Rows, action: string, query: Readonly<Record<string, string>>): DoubleAnswer {
  switch (action) {
    case 'DescribeDomainInfo':
      assert.deepEqual(query, {});
      return { status: 200, json: { DomainName: 'example.com', DomainId: 'x', RequestId: 'x' } };
    case 'DescribeDomainRecords': {
      const { RRKeyWord: word = '', TypeKeyWord: type, PageNumber: number, PageSize: size, ...others } = query;
      assert.deepEqual(others, {});
      assert.ok(Number(size) <= 500);
      // The words are looked for anywhere.
      const found = rows.all.filter((row) => row.type === type && relative(row).includes(word));
      const Record = page(found, Number(number), Number(size)).map(shown);
      return {
        status: 200,
        json: { TotalCount: found.length, PageNumber: 1, PageSize: 500, DomainRecords: { Record } },
      };
    }
    case 'AddDomainRecord': {
      const { RR, Type: type, Value: value = '', TTL: ttl, ...others } = query;
      assert.deepEqual([type, others], ['TXT', {}]);
      assert.ok(Number(ttl) >= 600);
      const owner = `${RR}.example.com`;
      if (rows.find(owner).some(({ text }) => text === value)) return refused(400, 'DomainRecordDuplicate');
      return { status: 200, json: { RecordId: rows.add('TXT', owner, value, Number(ttl)).id, RequestId: 'x' } };
    }
    case 'DeleteDomainRecord':
      assert.deepEqual(Object.keys(query), ['RecordId']);
      if (!rows.remove(query['RecordId'] ?? '')) return refused(400, 'DomainRecordNotBelongToUser');
      return { status: 200, json: { RecordId: query['RecordId'], RequestId: 'x' } };
    default:
      return assert.fail(action);
  }
}

function relative({ name }: Row): string {
  return name === 'example.com' ? '@' : name.replace(/\.example\.com$/, '');
}

function shown(row: Row): unknown {
  const { id, type, text, ttl } = row;
  return {
    RecordId: id,
    RR: relative(row),
    Type: type,
    Value: text,
    TTL: ttl,
    Status: 'ENABLE',
    DomainName: 'example.com',
  };
}

function refused(status: number, Code: string): DoubleAnswer {
  return {
    status,
    json: { Code, Message: credentials.accessKeySecret, RequestId: 'x', HostId: 'alidns.aliyuncs.com' },
  };
}
