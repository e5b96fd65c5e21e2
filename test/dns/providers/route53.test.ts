import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { route53 } from '../../../src/dns/providers/route53.ts';
import { signAws } from '../../../src/cloud/aws-signature.ts';
import { escapeXml, nodesAt, parseXml, textAt } from '../../../src/dns/provider-kit/xml.ts';
import { idleParts } from '../support.ts';
import { contractNow, hostContract, secretWord } from './contract.ts';
import type { DoubleAnswer, DoubleRequest } from './double.ts';
import { type Sets, zoneSets } from './sets.ts';

const zone = 'Z0123456789ABCDEFGHIJ';
const fixed = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: secretWord('key'), sessionToken: null };
const temporary = {
  accessKeyId: 'ASIAIOSFODNN7EXAMPLE',
  secretAccessKey: secretWord('temp'),
  sessionToken: secretWord('s'),
};
const namespace = 'https://route53.amazonaws.com/doc/2013-04-01/';

function contract(
  way: string,
  credentials: typeof fixed | typeof temporary,
  settings: Readonly<Record<string, string>>,
) {
  hostContract({
    definition: route53,
    way,
    settings: (base) => ({ ...settings, endpoint: base }),
    wrong: () => ({ accessKeyId: credentials.accessKeyId, secretAccessKey: secretWord('wrong') }),
    secrets: ['sEcReT'],
    tooMany: { status: 400, text: errorXml('Throttling') },
    retryAfterMs: null,
    start: () => {
      const sets = zoneSets();
      return { ...sets, answer: (request) => answer(sets, request, credentials) };
    },
  });
}
contract('with keys', fixed, { accessKeyId: fixed.accessKeyId, secretAccessKey: fixed.secretAccessKey });
contract('with temporary keys and a given zone', temporary, {
  accessKeyId: temporary.accessKeyId,
  secretAccessKey: temporary.secretAccessKey,
  sessionToken: temporary.sessionToken ?? '',
  hostedZoneId: zone,
});

function answer(sets: Sets, request: DoubleRequest, credentials: typeof fixed | typeof temporary): DoubleAnswer {
  const { method, path, query, rawQuery, headers, body } = request;
  const type = headers['content-type'];
  const time = headers['x-amz-date'] ?? '';
  assert.match(time, /^\d{8}T\d{6}Z$/);
  const now = Date.parse(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)/, '$1-$2-$3T$4:$5:'));
  assert.ok(Math.abs(now - contractNow()) < 15 * 60 * 1000);
  const signed = signAws(
    {
      method,
      url: new URL(`http://${headers['host']}${path}${rawQuery === '' ? '' : `?${rawQuery}`}`),
      headers: type === undefined ? {} : { 'content-type': type },
      body,
    },
    credentials,
    { region: 'us-east-1', service: 'route53' },
    now,
  );
  if (headers['x-amz-security-token'] !== signed['x-amz-security-token']) return failed(403, 'InvalidClientTokenId');
  if (headers['authorization'] !== signed['authorization']) return failed(403, 'SignatureDoesNotMatch');

  if (path === '/2013-04-01/hostedzonesbyname') {
    assert.deepEqual([method, Object.keys(query)], ['GET', ['dnsname', 'maxitems']]);
    // The list goes on with the zones that come after the name.
    const all = [
      zoneXml('ZPRIVATE', 'example.com.', true),
      zoneXml(zone, 'example.com.'),
      zoneXml('ZNEXT', 'example.net.'),
    ];
    return xml(200, 'ListHostedZonesByNameResponse', `<HostedZones>${all.join('')}</HostedZones>`);
  }
  if (path === `/2013-04-01/hostedzone/${zone}`) {
    return xml(200, 'GetHostedZoneResponse', zoneXml(zone, 'example.com.'));
  }
  if (path === '/2013-04-01/change/C42') {
    return xml(
      200,
      'GetChangeResponse',
      `<ChangeInfo><Id>/change/C42</Id><Status>${status.next().value}</Status></ChangeInfo>`,
    );
  }
  assert.equal(path, `/2013-04-01/hostedzone/${zone}/rrset${method === 'GET' ? '' : '/'}`);
  if (method === 'GET') {
    const { name = '', ...others } = query;
    assert.deepEqual(others, { type: 'TXT', maxitems: '1' });
    const set = sets.get(name.slice(0, -1));
    // What comes after the name, where there is nothing at it.
    const listed = set === null ? setXml('zzz.example.com.', 60, ['"later"']) : setXml(name, set.ttl, set.values);
    return xml(200, 'ListResourceRecordSetsResponse', `<ResourceRecordSets>${listed}</ResourceRecordSets>`);
  }
  assert.deepEqual([method, type], ['POST', 'application/xml']);
  return change(sets, body);
}

const status = (function* (): Generator<string, string> {
  for (;;) {
    yield 'PENDING';
    yield 'INSYNC';
  }
})();

const policyFile = new URL('../../../examples/route53-policy.json', import.meta.url);

interface Policy {
  readonly Statement: readonly {
    readonly Action: string | readonly string[];
    readonly Condition?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
  }[];
}

test('the policy of the examples allows what the double takes, and no more', async () => {
  const { Statement } = JSON.parse(await readFile(policyFile, 'utf8')) as Policy;
  assert.deepEqual(Statement.flatMap(({ Action }) => Action).sort(), [
    'route53:ChangeResourceRecordSets',
    'route53:GetChange',
    'route53:GetHostedZone',
    'route53:ListHostedZonesByName',
    'route53:ListResourceRecordSets',
  ]);
  const write = Statement.find(({ Action }) => Action === 'route53:ChangeResourceRecordSets');
  const { 'ForAllValues:StringEquals': equals, 'ForAllValues:StringLike': like } = write?.Condition ?? {};
  assert.deepEqual(equals?.['route53:ChangeResourceRecordSetsActions'], ['CREATE', 'DELETE']);
  assert.deepEqual(equals?.['route53:ChangeResourceRecordSetsRecordTypes'], ['TXT']);
  assert.deepEqual(like?.['route53:ChangeResourceRecordSetsNormalizedRecordNames'], ['_acme-challenge.*']);
});

/** All changes of a batch or none. */
function change(sets: Sets, body: string): DoubleAnswer {
  const document = parseXml(body);
  assert.ok(document?.name === 'ChangeResourceRecordSetsRequest' && body.includes(`xmlns="${namespace}"`));
  const changes = nodesAt(document, 'ChangeBatch', 'Changes', 'Change').map((node) => {
    const [set] = nodesAt(node, 'ResourceRecordSet');
    assert.ok(set);
    assert.equal(textAt(set, 'Type'), 'TXT');
    const name = (textAt(set, 'Name') ?? '').replace(/\.$/, '');
    const values = nodesAt(set, 'ResourceRecords', 'ResourceRecord', 'Value').map(({ text }) => text);
    assert.ok(name.endsWith('.example.com') && values.length > 0);
    for (const value of values) assert.match(value, /^".*"$/);
    return { action: textAt(node, 'Action'), name, values, ttl: Number(textAt(set, 'TTL')) };
  });
  assert.ok(changes.length > 0);
  const removed = new Set<string>();
  for (const { action, name, values, ttl } of changes) {
    const set = sets.get(name);
    if (action === 'DELETE') {
      const same = set?.ttl === ttl && JSON.stringify(set.values) === JSON.stringify(values);
      if (!same)
        return { status: 400, text: `<InvalidChangeBatch xmlns="${namespace}"><Messages/></InvalidChangeBatch>` };
      removed.add(name);
    } else {
      assert.equal(action, 'CREATE');
      if (set !== null && !removed.has(name)) return failed(400, 'InvalidChangeBatch');
    }
  }
  for (const { action, name, values, ttl } of changes) sets.put(name, action === 'DELETE' ? [] : values, ttl);
  return xml(
    200,
    'ChangeResourceRecordSetsResponse',
    '<ChangeInfo><Id>/change/C42</Id><Status>PENDING</Status></ChangeInfo>',
  );
}

function setXml(name: string, ttl: number, values: readonly string[]): string {
  const records = values.map((value) => `<ResourceRecord><Value>${escapeXml(value)}</Value></ResourceRecord>`).join('');
  return `<ResourceRecordSet><Name>${name}</Name><Type>TXT</Type><TTL>${ttl}</TTL><ResourceRecords>${records}</ResourceRecords></ResourceRecordSet>`;
}

function zoneXml(id: string, name: string, hidden = false): string {
  return `<HostedZone><Id>/hostedzone/${id}</Id><Name>${name}</Name><Config><PrivateZone>${hidden}</PrivateZone></Config></HostedZone>`;
}

function xml(code: number, root: string, inner: string): DoubleAnswer {
  return { status: code, text: `<?xml version="1.0"?>\n<${root} xmlns="${namespace}">${inner}</${root}>` };
}

function failed(code: number, word: string): DoubleAnswer {
  return { status: code, text: errorXml(word) };
}

function errorXml(word: string): string {
  return `<?xml version="1.0"?>\n<ErrorResponse xmlns="${namespace}"><Error><Type>Sender</Type><Code>${word}</Code><Message>${fixed.secretAccessKey}</Message></Error></ErrorResponse>`;
}

test('the role of an EC2 instance: asked for once, with a session, and never shown', async () => {
  const asked: string[] = [];
  const keys = { AccessKeyId: 'ASIA', SecretAccessKey: 'hidden', Token: 'session', Expiration: '2030-01-01T00:00:00Z' };
  const answers: Readonly<Record<string, string>> = {
    'PUT /latest/api/token': 'imds-session',
    'GET /latest/meta-data/iam/security-credentials/': 'dns-role\n',
    'GET /latest/meta-data/iam/security-credentials/dns-role': JSON.stringify(keys),
  };
  const provider = route53.create(
    { hostedZoneId: zone },
    {
      ...idleParts,
      metadata: ({ method, url, headers }) => {
        const line = `${method} ${url.replace('http://169.254.169.254', '')}`;
        asked.push(line);
        if (method === 'PUT') assert.equal(headers['x-aws-ec2-metadata-token-ttl-seconds'], '60');
        else assert.equal(headers['x-aws-ec2-metadata-token'], 'imds-session');
        return Promise.resolve({ status: 200, headers: {}, body: Buffer.from(answers[line] ?? '') });
      },
      transport: ({ headers }) => {
        assert.equal(headers['x-amz-security-token'], 'session');
        assert.match(headers['authorization'] ?? '', /^AWS4-HMAC-SHA256 Credential=ASIA\/20260101\//);
        return Promise.resolve({
          status: 200,
          headers: {},
          body: Buffer.from(xml(200, 'GetHostedZoneResponse', zoneXml(zone, 'example.com.')).text ?? ''),
        });
      },
      clock: { now: () => Date.UTC(2026, 0, 1), sleep: () => Promise.resolve() },
      random: { bytes: (count) => new Uint8Array(count), uniform: () => 0 },
      inTurn: (_key, work) => work(),
    },
  );
  for (let count = 0; count < 2; count += 1)
    assert.equal(await provider.findZone('_acme-challenge.example.com'), 'example.com');
  assert.deepEqual(asked, Object.keys(answers));
});
