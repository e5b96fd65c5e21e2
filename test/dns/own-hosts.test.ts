import assert from 'node:assert/strict';
import { test } from 'node:test';
import { acmeDns } from '../../src/dns/providers/acme-dns.ts';
import { httpreq } from '../../src/dns/providers/httpreq.ts';
import { powerdns } from '../../src/dns/providers/powerdns.ts';
import { windowsDns } from '../../src/dns/providers/windows-dns.ts';
import { errorCode } from '../../src/errors/error.ts';
import type { TxtRecord } from '../../src/ports/dns-provider.ts';
import type { HttpRequest, Transport } from '../../src/ports/transport.ts';
import { idleParts } from './support.ts';

const record: TxtRecord = {
  name: '_acme-challenge.shop.example.com',
  value: 'v'.repeat(43),
  challenge: { domain: 'shop.example.com', wildcard: true, token: 'token', keyAuthorization: 'token.print' },
};

/** A transport with responses in turn, the last one for ever, and the requests that it got. */
function answering(...answers: readonly (readonly [status: number, body: string])[]) {
  const sent: HttpRequest[] = [];
  const transport: Transport = (request) => {
    const [status, body] = answers[Math.min(sent.length, answers.length - 1)] ?? [500, ''];
    sent.push(request);
    return Promise.resolve({ status, headers: {}, body: Buffer.from(body) });
  };
  return { transport, sent };
}

test('httpreq: what is sent, in both modes', async () => {
  for (const [mode, body] of [
    ['default', { fqdn: `${record.name}.`, value: record.value }],
    ['RAW', { domain: 'shop.example.com', token: 'token', keyAuth: 'token.print' }],
  ] as const) {
    const { transport, sent } = answering([200, '']);
    const settings = { endpoint: 'https://hook.example/dns/', mode, username: 'ada', password: 'hunter2' };
    const provider = httpreq.create(settings, { ...idleParts, transport });
    await provider.present(record);
    await provider.cleanUp(record);
    assert.deepEqual(
      sent.map(({ method, url }) => `${method} ${url}`),
      ['POST https://hook.example/dns/present', 'POST https://hook.example/dns/cleanup'],
    );
    for (const { headers, body: text } of sent) {
      assert.deepEqual(JSON.parse(String(text)), body);
      assert.equal(headers['authorization'], `Basic ${Buffer.from('ada:hunter2').toString('base64')}`);
      assert.equal(headers['content-type'], 'application/json');
    }
    assert.equal(await provider.findZone(record.name), 'example.com');
  }
});

test('httpreq: errors and settings', async () => {
  for (const [status, code] of [
    [401, 'DNS_CREDENTIALS_REFUSED'],
    [429, 'DNS_RATE_LIMITED'],
    [500, 'DNS_PROVIDER_FAILED'],
    [302, 'DNS_PROVIDER_FAILED'],
  ] as const) {
    const provider = httpreq.create({ endpoint: 'https://hook.example' }, { ...idleParts, ...answering([status, '']) });
    await assert.rejects(provider.present(record), { code });
  }
  for (const settings of [{ mode: 'other' }, { username: 'ada' }, { password: 'x' }, { endpoint: 'ftp://x' }]) {
    assert.throws(() => httpreq.create({ endpoint: 'https://hook.example', ...settings }, idleParts), {
      code: 'DNS_PROVIDER_SETTING',
    });
  }
});

const account = {
  endpoint: 'https://auth.example',
  username: 'user',
  password: 'hunter2',
  subdomain: 'd420c923',
  fullDomain: 'D420c923.auth.example.',
};

test('acme-dns: the value of the account, only where its name is', async () => {
  const { transport, sent } = answering([200, JSON.stringify({ txt: record.value })]);
  const provider = acmeDns.create(account, { ...idleParts, transport });
  const own = { ...record, name: 'd420c923.auth.example' };
  await provider.present(own);
  await provider.cleanUp(own);
  assert.equal(await provider.findZone(own.name), own.name);
  assert.equal(sent.length, 1);
  assert.equal(sent[0]?.url, 'https://auth.example/update');
  assert.deepEqual(JSON.parse(String(sent[0]?.body)), { subdomain: 'd420c923', txt: record.value });
  assert.deepEqual([sent[0]?.headers['x-api-user'], sent[0]?.headers['x-api-key']], ['user', 'hunter2']);

  await assert.rejects(provider.present(record), (error) => {
    assert.equal(errorCode(error), 'DNS_ZONE_NOT_FOUND');
    assert.match((error as Error).message, /make it a CNAME/);
    return true;
  });
  await assert.rejects(provider.findZone(record.name), { code: 'DNS_ZONE_NOT_FOUND' });
  assert.equal(sent.length, 1);
});

test('acme-dns: errors and settings', async () => {
  const own = { ...record, name: 'd420c923.auth.example' };
  for (const [status, body, code] of [
    [401, '{"error":"forbidden"}', 'DNS_CREDENTIALS_REFUSED'],
    [400, '{"error":"bad_txt"}', 'DNS_PROVIDER_FAILED'],
    [200, 'hello', 'DNS_PROVIDER_FAILED'],
  ] as const) {
    const provider = acmeDns.create(account, { ...idleParts, ...answering([status, body]) });
    await assert.rejects(provider.present(own), { code });
  }
  assert.throws(() => acmeDns.create({ ...account, fullDomain: 'other.auth.example' }, idleParts), {
    code: 'DNS_PROVIDER_SETTING',
  });
});

test('powerdns: asked again while it fails itself, a bounded number of times', async () => {
  const zones = [200, '[{"id":"example.com.","name":"shop.example.com.","kind":"Native"}]'] as const;
  const none = [404, ''] as const;
  const empty = [200, '{"rrsets":[]}'] as const;
  const settings = { endpoint: 'https://dns.example', apiKey: 'hunter2' };
  const clock = { now: () => 0, sleep: () => Promise.resolve() };
  const first = [200, '[]'] as const;

  const once = answering(first, zones, empty, [500, ''], [204, '']);
  await powerdns.create(settings, { ...idleParts, clock, transport: once.transport }).present(record);
  assert.deepEqual(
    once.sent.map(({ method }) => method),
    ['GET', 'GET', 'GET', 'PATCH', 'PATCH'],
  );
  assert.deepEqual(JSON.parse(String(once.sent.at(-1)?.body)), {
    rrsets: [
      {
        name: `${record.name}.`,
        type: 'TXT',
        ttl: 60,
        changetype: 'REPLACE',
        records: [{ content: `"${record.value}"`, disabled: false }],
      },
    ],
  });

  const broken = answering(first, zones, empty, [500, '']);
  await assert.rejects(
    powerdns.create(settings, { ...idleParts, clock, transport: broken.transport }).present(record),
    { code: 'DNS_PROVIDER_FAILED' },
  );
  assert.equal(broken.sent.filter(({ method }) => method === 'PATCH').length, 6);

  const refused = answering(none);
  await assert.rejects(
    powerdns.create(settings, { ...idleParts, clock, transport: refused.transport }).present(record),
    {
      code: 'DNS_PROVIDER_FAILED',
    },
  );
});

/** A dnscmd that ends with the code given for its verb and zone, 9601 for other zones. */
function dnscmd(codes: Readonly<Record<string, number>>) {
  const runs: (readonly string[])[] = [];
  return {
    runs,
    parts: {
      ...idleParts,
      systemFolder: 'C:\\Windows\\System32',
      runProgram: ({ command }: { readonly command: readonly string[] }) => {
        runs.push(command);
        const exitCode = codes[`${command[2]} ${command[3]}`] ?? 9601;
        return Promise.resolve({ kind: 'exited' as const, exitCode, lastWords: '' });
      },
    },
  };
}

test('windows-dns: the arguments of dnscmd, one value at a time', async () => {
  const { runs, parts } = dnscmd({
    '/ZoneInfo example.com': 0,
    '/RecordAdd example.com': 0,
    '/RecordDelete example.com': 0,
  });
  const provider = windowsDns.create({ server: 'dc1.example.com', ttl: '30' }, parts);
  await provider.present(record);
  await provider.cleanUp(record);
  const program = ['C:\\Windows\\System32\\dnscmd.exe', 'dc1.example.com'];
  const node = '_acme-challenge.shop';
  assert.deepEqual(runs[0], [...program, '/ZoneInfo', '_acme-challenge.shop.example.com']);
  assert.deepEqual(
    runs.filter(([, , verb]) => verb !== '/ZoneInfo'),
    [
      [...program, '/RecordAdd', 'example.com', node, '30', 'TXT', record.value],
      [...program, '/RecordDelete', 'example.com', node, 'TXT', record.value, '/f'],
    ],
  );
});

test('windows-dns: what is there, or gone, already is no error; other codes are', async () => {
  const zone = { '/ZoneInfo example.com': 0 };
  const again = dnscmd({ ...zone, '/RecordAdd example.com': 9711, '/RecordDelete example.com': 9701 });
  await windowsDns.create({}, again.parts).present(record);
  await windowsDns.create({}, again.parts).cleanUp(record);
  for (const [codes, code] of [
    [{}, 'DNS_ZONE_NOT_FOUND'],
    [{ ...zone, '/RecordAdd example.com': 5 }, 'DNS_CREDENTIALS_REFUSED'],
    [{ ...zone, '/RecordAdd example.com': 9701 }, 'DNS_PROVIDER_FAILED'],
    [{ '/ZoneInfo example.com': 1722 }, 'DNS_PROVIDER_FAILED'],
  ] as const) {
    await assert.rejects(windowsDns.create({}, dnscmd(codes).parts).present(record), { code });
  }
  await assert.rejects(windowsDns.create({}, { ...again.parts, systemFolder: null }).present(record), {
    code: 'WIN_NOT_WINDOWS',
  });
  assert.throws(() => windowsDns.create({ server: '/Config' }, again.parts), { code: 'DNS_PROVIDER_SETTING' });
});
