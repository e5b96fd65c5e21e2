import assert from 'node:assert/strict';
import { azure } from '../../../src/dns/providers/azure.ts';
import { hostContract, secretWord } from './contract.ts';
import type { DoubleAnswer, DoubleRequest } from './double.ts';
import { type Sets, zoneSets } from './sets.ts';

const subscriptionId = '11111111-2222-3333-4444-555555555555';
const tenantId = '66666666-7777-8888-9999-000000000000';
const clientId = 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee';
const clientSecret = secretWord('client~secret');
const accessToken = secretWord('access-token');
const common = { subscriptionId, resourceGroup: 'dns & more' };
const zonePath = `/subscriptions/${subscriptionId}/resourceGroups/dns%20%26%20more/providers/Microsoft.Network/dnsZones/`;

const start = () => {
  const sets = zoneSets(
    (value) => JSON.stringify([value.slice(0, 100), value.slice(100)].filter((part) => part !== '')),
    (text) => (JSON.parse(text) as string[]).join(''),
  );
  return { ...sets, answer: (request: DoubleRequest) => answer(sets, request) };
};

hostContract({
  definition: azure,
  way: 'with a client secret',
  settings: (base) => ({ ...common, tenantId, clientId, clientSecret, endpoint: base, loginEndpoint: base }),
  wrong: () => ({ clientSecret: secretWord('wrong') }),
  secrets: ['sEcReT'],
  start,
});

hostContract({
  definition: azure,
  way: 'with a managed identity',
  settings: (base) => ({ ...common, clientId, endpoint: base }),
  wrong: () => ({ clientId: 'ffffffff-bbbb-cccc-dddd-eeeeeeeeeeee' }),
  secrets: ['sEcReT'],
  start,
});

function answer(sets: Sets, request: DoubleRequest): DoubleAnswer {
  const { method, path, query, headers } = request;
  if (path === `/${tenantId}/oauth2/v2.0/token`) return signIn(request);
  if (path === '/metadata/identity/oauth2/token') return identity(request);
  if (headers['authorization'] !== `Bearer ${accessToken}`) return refused(401, 'InvalidAuthenticationToken');
  assert.deepEqual(query, { 'api-version': '2018-05-01' });
  assert.ok(path.startsWith(zonePath));
  const [zone = '', type, relative, ...rest] = path.slice(zonePath.length).split('/');
  assert.deepEqual(rest, []);
  // Credentials for the one zone may not even ask for others.
  if (zone.startsWith('_acme')) return refused(zone.endsWith('.example.com') ? 403 : 404, 'AuthorizationFailed');
  if (zone !== 'example.com') return refused(404, 'ResourceNotFound');
  if (type === undefined) {
    assert.equal(method, 'GET');
    return {
      status: 200,
      json: { id: `${zonePath}${zone}`, name: zone, type: 'Microsoft.Network/dnszones', properties: {} },
    };
  }
  assert.equal(type, 'TXT');
  return recordSet(sets, request, `${relative}.example.com`);
}

function recordSet(sets: Sets, request: DoubleRequest, name: string): DoubleAnswer {
  const { method, headers } = request;
  const before = sets.get(name);
  if (method === 'GET') return before === null ? refused(404, 'NotFound') : { status: 200, json: shown(sets, name) };
  const { 'if-match': match, 'if-none-match': noneMatch } = headers;
  assert.notEqual(match, noneMatch, 'a write without a condition');
  if (match !== undefined && match !== String(before?.version)) return refused(412, 'PreconditionFailed');
  if (noneMatch !== undefined) {
    assert.equal(noneMatch, '*');
    if (before !== null) return refused(412, 'PreconditionFailed');
  }
  if (method === 'DELETE') {
    sets.put(name, [], 0);
    return { status: 200 };
  }
  assert.equal(method, 'PUT');
  const { properties, ...others } = request.json() as Record<string, Record<string, unknown>>;
  assert.deepEqual(others, {});
  const { TTL, TXTRecords, metadata, ...more } = properties ?? {};
  assert.deepEqual(more, {});
  assert.deepEqual(metadata, before === null ? undefined : { owner: 'somebody' }, 'what else is there is kept');
  const values = (TXTRecords as { value: string[] }[]).map(({ value }) => {
    assert.ok(value.length > 0 && value.every((part) => part.length <= 255));
    return JSON.stringify(value);
  });
  if (before !== null) assert.equal(TTL, before.ttl);
  assert.ok(values.length > 0 && Number(TTL) >= 1);
  sets.put(name, values, Number(TTL));
  return { status: before === null ? 201 : 200, json: shown(sets, name) };
}

function shown(sets: Sets, name: string): unknown {
  const set = sets.get(name);
  const TXTRecords = set?.values.map((text) => ({ value: JSON.parse(text) as unknown }));
  return {
    id: name,
    name,
    type: 'Microsoft.Network/dnszones/TXT',
    etag: String(set?.version),
    properties: { fqdn: `${name}.`, TTL: set?.ttl, TXTRecords, metadata: { owner: 'somebody' } },
  };
}

function signIn({ method, headers, body }: DoubleRequest): DoubleAnswer {
  assert.equal(method, 'POST');
  assert.equal(headers['content-type'], 'application/x-www-form-urlencoded');
  const { client_secret: secret, ...others } = Object.fromEntries(new URLSearchParams(body));
  assert.equal(others['grant_type'], 'client_credentials');
  assert.equal(others['client_id'], clientId);
  assert.match(others['scope'] ?? '', /^http:\/\/127\.0\.0\.1:\d+\/\.default$/);
  if (secret !== clientSecret) return { status: 401, json: { error: 'invalid_client', error_description: secret } };
  return { status: 200, json: { token_type: 'Bearer', expires_in: 3599, access_token: accessToken } };
}

function identity({ method, headers, query }: DoubleRequest): DoubleAnswer {
  assert.equal(method, 'GET');
  assert.equal(headers['metadata'], 'true');
  const { resource, 'api-version': version, client_id: client, ...others } = query;
  assert.deepEqual([version, others], ['2018-02-01', {}]);
  assert.match(resource ?? '', /^http:\/\/127\.0\.0\.1:\d+\/$/);
  if (client !== clientId)
    return { status: 400, json: { error: 'invalid_request', error_description: 'Identity not found' } };
  return { status: 200, json: { access_token: accessToken, expires_in: '3599', token_type: 'Bearer' } };
}

function refused(status: number, code: string): DoubleAnswer {
  return { status, json: { error: { code, message: `refused ${accessToken}` } } };
}
