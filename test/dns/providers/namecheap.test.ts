import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostFields, readHosts } from '../../../src/dns/provider-kit/namecheap-hosts.ts';
import { namecheap } from '../../../src/dns/providers/namecheap.ts';
import { escapeXml, nodesAt, parseXml } from '../../../src/dns/provider-kit/xml.ts';
import { hostContract, secretWord } from './contract.ts';
import type { DoubleAnswer, DoubleRequest } from './double.ts';
import { type Row, type Rows, zoneRows } from './rows.ts';

const key = secretWord('key');
const getHosts = 'namecheap.domains.dns.getHosts';
const setHosts = 'namecheap.domains.dns.setHosts';

hostContract({
  definition: namecheap,
  settings: (base) => ({ apiUser: 'user', apiKey: key, clientIp: '192.0.2.10', endpoint: `${base}/xml.response` }),
  wrong: () => ({ apiKey: secretWord('wrong') }),
  secrets: ['sEcReT'],
  tooMany: failed('500000'),
  retryAfterMs: null,
  start: () => {
    const rows = zoneRows({ crowd: 5 });
    rows.add('MX', 'example.com', 'mail.example.com.', 1800);
    rows.add('CAA', 'example.com', '0 issue "ca.example & co"', 1800);
    const state = { emailType: 'MX' };
    return {
      ...rows,
      // The identifiers are new after each change.
      others: () => [state.emailType, ...(rows.others() as Row[]).map((row) => ({ ...row, id: '' }))],
      answer: (request) => answer(rows, state, request),
    };
  },
});

function answer(rows: Rows, state: { emailType: string }, request: DoubleRequest): DoubleAnswer {
  const { method, path, rawQuery, headers, body } = request;
  assert.deepEqual([method, path, rawQuery], ['POST', '/xml.response', ''], 'the key is in no address');
  assert.equal(headers['content-type'], 'application/x-www-form-urlencoded');
  const pairs = [...new URLSearchParams(body)];
  const { ApiUser, ApiKey, UserName, ClientIp, Command, SLD, TLD, ...rest } = Object.fromEntries(pairs);
  assert.equal(new Set(pairs.map(([name]) => name)).size, pairs.length);
  assert.deepEqual([ApiUser, UserName, ClientIp], ['user', 'user', '192.0.2.10']);
  if (ApiKey !== key) return failed('1011102');
  if (SLD !== 'example' || TLD !== 'com') return failed('2019166');
  if (Command === getHosts) {
    assert.deepEqual(rest, {});
    const inner = rows.all.map((row) => hostXml(row)).join('');
    const attributes = `Domain="example.com" EmailType="${state.emailType}" IsUsingOurDNS="true"`;
    return ok(Command, `<DomainDNSGetHostsResult ${attributes}>${inner}</DomainDNSGetHostsResult>`);
  }
  assert.equal(Command, setHosts);
  const { EmailType: emailType = 'NONE', ...fields } = rest;
  // What is not sent is gone.
  while (rows.all[0] !== undefined) rows.remove(rows.all[0].id);
  state.emailType = emailType;
  for (let index = 1; Object.keys(fields).length > 0; index += 1) {
    const [name, type, address, pref, ttl] = ['HostName', 'RecordType', 'Address', 'MXPref', 'TTL'].map((field) => {
      const value = fields[`${field}${index}`];
      delete fields[`${field}${index}`];
      return value ?? assert.fail(`${field}${index} is missing`);
    });
    assert.ok(Number(ttl) >= 60 && Number(ttl) <= 60_000);
    assert.equal(pref, '10');
    rows.add(type ?? '', name === '@' ? 'example.com' : `${name}.example.com`, address ?? '', Number(ttl));
  }
  return ok(
    Command,
    '<DomainDNSSetHostsResult Domain="example.com" IsSuccess="true"><Warnings/></DomainDNSSetHostsResult>',
  );
}

function hostXml({ id, type, name, text, ttl }: Row, more = ''): string {
  const relative = name === 'example.com' ? '@' : name.replace(/\.example\.com$/, '');
  const address = escapeXml(text);
  return `<host HostId="${id}" Name="${relative}" Type="${type}" Address="${address}" MXPref="10" TTL="${ttl}" AssociatedAppTitle="" FriendlyName="" IsActive="true" IsDDNSEnabled="false"${more}/>`;
}

function ok(command: string, result: string): DoubleAnswer {
  return xml(
    'OK',
    `<Errors/><RequestedCommand>${command}</RequestedCommand><CommandResponse Type="${command}">${result}</CommandResponse>`,
  );
}

function failed(number: string): DoubleAnswer {
  return xml('ERROR', `<Errors><Error Number="${number}">refused: ${secretWord('key')}</Error></Errors>`);
}

function xml(status: string, inner: string): DoubleAnswer {
  const text = `<?xml version="1.0" encoding="utf-8"?>\n<ApiResponse Status="${status}" xmlns="http://api.namecheap.com/xml.response">${inner}</ApiResponse>`;
  return { status: 200, text };
}

const row: Row = { id: '1', type: 'A', name: 'www.example.com', text: '192.0.2.1', ttl: 1800 };

function read(hosts: string, attributes = 'EmailType="FWD" IsUsingOurDNS="true"') {
  const document = parseXml(`<r><DomainDNSGetHostsResult ${attributes}>${hosts}</DomainDNSGetHostsResult></r>`);
  const [result] = document === null ? [] : nodesAt(document, 'DomainDNSGetHostsResult');
  return readHosts('Namecheap', 'example.com', result ?? assert.fail(), 200);
}

test('every field goes back as it came, the mail setting too', () => {
  const hosts = read(hostXml(row) + hostXml({ ...row, type: 'CAA', text: '0 issue "ca.example"' }));
  assert.deepEqual(hostFields(hosts), {
    EmailType: 'FWD',
    HostName1: 'www',
    RecordType1: 'A',
    Address1: '192.0.2.1',
    MXPref1: '10',
    TTL1: '1800',
    HostName2: 'www',
    RecordType2: 'CAA',
    Address2: '0 issue "ca.example"',
    MXPref2: '10',
    TTL2: '1800',
  });
});

test('what cannot go back as it is makes it refuse', () => {
  const good = hostXml(row);
  const cases = [
    hostXml({ ...row, type: 'SRV' }),
    good.replace('IsActive="true"', 'IsActive="false"'),
    good.replace('IsDDNSEnabled="false"', 'IsDDNSEnabled="true"'),
    hostXml(row, ' Weight="5"'),
    good.replace(/ TTL="\d+"/, ''),
    good.replace('/>', '><extra/></host>'),
    `${good}<redirect/>`,
  ];
  for (const hosts of cases) assert.throws(() => read(hosts), { code: 'DNS_PROVIDER_FAILED' }, hosts);
  assert.throws(() => read(good, 'IsUsingOurDNS="true"'), { code: 'DNS_PROVIDER_FAILED' });
  assert.throws(() => read(good, 'EmailType="NEW"'), { code: 'DNS_PROVIDER_FAILED' });
  assert.equal(read(good).hosts.length, 1);
});
