import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { google } from '../../../src/dns/providers/google.ts';
import { contractNow, hostContract, secretWord } from './contract.ts';
import type { DoubleAnswer, DoubleRequest } from './double.ts';
import { type Sets, zoneSets } from './sets.ts';

const accessToken = secretWord('access-token');
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
const api = '/dns/v1/projects/my-project/managedZones';
const email = 'everbind@my-project.iam.gserviceaccount.com';
const tooMany = { error: { code: 403, message: 'x', errors: [{ reason: 'rateLimitExceeded' }] } };

function keyFile(base: string, key = pem): string {
  return JSON.stringify({
    type: 'service_account',
    project_id: 'my-project',
    private_key_id: 'key-1',
    private_key: key,
    client_email: email,
    client_id: '1',
    auth_uri: 'https://accounts.google.com/o/oauth2/auth',
    token_uri: `${base}/token`,
  });
}

const start = () => {
  const sets = zoneSets();
  return { ...sets, answer: (request: DoubleRequest) => answer(sets, request) };
};

hostContract({
  definition: google,
  way: 'with a service account',
  settings: (base) => ({ serviceAccountKey: keyFile(base), endpoint: base }),
  wrong: (base) => ({
    serviceAccountKey: keyFile(base, stranger.export({ type: 'pkcs8', format: 'pem' })),
  }),
  secrets: ['sEcReT', 'PRIVATE KEY', pem.split('\n')[1] ?? ''],
  tooMany: { status: 403, json: tooMany },
  // The token comes from elsewhere.
  requestsBefore: 1,
  retryAfterMs: null,
  start,
});

hostContract({
  definition: google,
  way: 'with the account of the machine',
  settings: (base) => ({ project: 'my-project', endpoint: base }),
  wrong: () => ({ project: 'other-project' }),
  secrets: ['sEcReT'],
  start,
});

function answer(sets: Sets, request: DoubleRequest): DoubleAnswer {
  const { method, path, query, headers } = request;
  if (path === '/token') return signIn(request);
  if (path === '/computeMetadata/v1/instance/service-accounts/default/token') {
    assert.deepEqual([method, headers['metadata-flavor']], ['GET', 'Google']);
    return { status: 200, json: { access_token: accessToken, expires_in: 3599, token_type: 'Bearer' } };
  }
  if (headers['authorization'] !== `Bearer ${accessToken}`) return refused(401, 'authError');
  if (!path.startsWith(api)) return refused(403, 'forbidden');
  const rest = path.slice(api.length);
  if (rest === '') {
    assert.deepEqual([method, Object.keys(query)], ['GET', ['dnsName']]);
    const zone = { kind: 'dns#managedZone', id: '1', dnsName: query['dnsName'] };
    const found = [
      { ...zone, name: 'inside', visibility: 'private' },
      { ...zone, name: 'my-zone', visibility: 'public' },
    ];
    return { status: 200, json: query['dnsName'] === 'example.com.' ? { managedZones: found } : {} };
  }
  if (rest === '/my-zone/rrsets') {
    assert.deepEqual([method, Object.keys(query).sort(), query['type']], ['GET', ['name', 'type'], 'TXT']);
    const name = query['name'] ?? '';
    const set = sets.get(name.slice(0, -1));
    const rrsets = set === null ? [] : [{ name, type: 'TXT', ttl: set.ttl, rrdatas: set.values, signatureRrdatas: [] }];
    return { status: 200, json: { rrsets } };
  }
  if (rest === '/my-zone/changes/17') {
    assert.equal(method, 'GET');
    return { status: 200, json: { kind: 'dns#change', id: '17', status: state.next().value } };
  }
  assert.deepEqual([method, rest, query], ['POST', '/my-zone/changes', {}]);
  return change(sets, request);
}

const state = (function* (): Generator<string, string> {
  for (;;) {
    yield 'pending';
    yield 'done';
  }
})();

interface Change {
  readonly name: string;
  readonly type: string;
  readonly ttl: number;
  readonly rrdatas: readonly string[];
}

/** All of a change or nothing. */
function change(sets: Sets, request: DoubleRequest): DoubleAnswer {
  const { additions, deletions, ...others } = request.json() as Record<'additions' | 'deletions', Change[]>;
  assert.deepEqual(others, {});
  assert.ok(additions.length + deletions.length > 0);
  for (const { name, type, ttl, rrdatas, ...more } of [...additions, ...deletions]) {
    assert.deepEqual([type, more], ['TXT', {}]);
    assert.ok(name.endsWith('.example.com.') && ttl >= 0 && rrdatas.length > 0);
  }
  for (const { name, ttl, rrdatas } of deletions) {
    const set = sets.get(name.slice(0, -1));
    if (set === null) return refused(404, 'notFound');
    if (set.ttl !== ttl || JSON.stringify(set.values) !== JSON.stringify(rrdatas))
      return refused(412, 'conditionNotMet');
  }
  for (const { name } of additions) {
    const removed = deletions.some((one) => one.name === name);
    if (sets.get(name.slice(0, -1)) !== null && !removed) return refused(409, 'alreadyExists');
  }
  for (const { name } of deletions) sets.put(name.slice(0, -1), [], 0);
  for (const { name, ttl, rrdatas } of additions) sets.put(name.slice(0, -1), rrdatas, ttl);
  return { status: 200, json: { kind: 'dns#change', id: '17', status: 'pending', additions, deletions } };
}

function signIn({ method, headers, body }: DoubleRequest): DoubleAnswer {
  assert.deepEqual([method, headers['content-type']], ['POST', 'application/x-www-form-urlencoded']);
  const { assertion = '', ...others } = Object.fromEntries(new URLSearchParams(body));
  assert.deepEqual(others, { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer' });
  const [header = '', claims = '', signature = ''] = assertion.split('.');
  const decode = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString());
  assert.deepEqual(decode(header), { alg: 'RS256', typ: 'JWT', kid: 'key-1' });
  const { iss, scope, aud, iat, exp, ...more } = decode(claims) as Record<string, unknown>;
  assert.deepEqual(more, {});
  assert.equal(iss, email);
  assert.equal(scope, 'https://www.googleapis.com/auth/ndev.clouddns.readwrite');
  assert.equal(aud, `http://${headers['host']}/token`);
  assert.equal(Number(exp), Number(iat) + 3600);
  assert.ok(Math.abs(Number(iat) - contractNow() / 1000) < 300);
  const signed = Buffer.from(`${header}.${claims}`);
  if (!verify('RSA-SHA256', signed, createPublicKey(privateKey), Buffer.from(signature, 'base64url'))) {
    return { status: 400, json: { error: 'invalid_grant', error_description: 'Invalid JWT Signature.' } };
  }
  return { status: 200, json: { access_token: accessToken, expires_in: 3599, token_type: 'Bearer' } };
}

function refused(code: number, reason: string): DoubleAnswer {
  return {
    status: code,
    json: { error: { code, message: `no: ${accessToken}`, errors: [{ domain: 'global', reason }] } },
  };
}
