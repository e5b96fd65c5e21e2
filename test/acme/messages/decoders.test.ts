import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeAccount } from '../../../src/acme/messages/account.ts';
import { decodeRenewalInfo } from '../../../src/acme/messages/renewal-info.ts';
import { checkAuthorization, decodeAuthorization } from '../../../src/acme/messages/authorization.ts';
import { answerable, decodeChallenge } from '../../../src/acme/messages/challenge.ts';
import { decodeDirectory } from '../../../src/acme/messages/directory.ts';
import { checkOrder, decodeOrder } from '../../../src/acme/messages/order.ts';
import { EverbindError } from '../../../src/errors/error.ts';
import { parseIdentifier } from '../../../src/pki/x509/names.ts';
import { coded, directoryObject } from '../support.ts';

const policy = { allowInsecureLoopback: false };

const order = {
  status: 'pending',
  expires: '2027-01-01T00:00:00Z',
  identifiers: [
    { type: 'dns', value: 'Shop.Example' },
    { type: 'dns', value: '*.shop.example' },
    { type: 'ip', value: '2001:DB8:0:0::1' },
  ],
  authorizations: ['https://ca.test/authz/1', 'https://ca.test/authz/2'],
  finalize: 'https://ca.test/finalize/1',
};

const authorization = {
  identifier: { type: 'dns', value: 'shop.example' },
  status: 'pending',
  wildcard: true,
  challenges: [
    {
      type: 'dns-01',
      url: 'https://ca.test/chall/1',
      status: 'pending',
      token: 'evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA',
    },
  ],
};

test('directory: unknown members are ignored, optional ones may be missing', () => {
  const directory = decodeDirectory(
    directoryObject({
      bGV0J3MgYmUgcmFuZG9t: 'https://community.test/',
      renewalInfo: 'https://ca.test/ari',
      keyChange: null,
      meta: {
        termsOfService: 'data:text/plain,Do%20what%20thou%20wilt',
        caaIdentities: ['CA.test'],
        profiles: { classic: 'the usual', __proto__x: 'odd' },
        new: [{}],
      },
    }),
    policy,
  );
  assert.equal(directory.keyChange, null);
  assert.equal(directory.newAuthz, null);
  assert.equal(directory.renewalInfo, 'https://ca.test/ari');
  assert.equal(directory.meta.termsOfService, 'data:text/plain,Do%20what%20thou%20wilt');
  assert.deepEqual(directory.meta.caaIdentities, ['ca.test']);
  assert.equal(directory.meta.externalAccountRequired, false);
  assert.deepEqual(
    [...(directory.meta.profiles ?? [])],
    [
      ['classic', 'the usual'],
      ['__proto__x', 'odd'],
    ],
  );
});

test('directory: nothing is taken from the prototype', () => {
  const hostile = JSON.parse(`{"__proto__": ${JSON.stringify(directoryObject())}}`) as unknown;
  assert.throws(() => decodeDirectory(hostile, policy), coded('ACME_RESPONSE_INVALID'));
  assert.throws(() => decodeDirectory(Object.create(directoryObject()), policy), coded('ACME_RESPONSE_INVALID'));
});

test('order: identifiers become canonical', () => {
  const decoded = decodeOrder(order, policy);
  assert.deepEqual(
    decoded.identifiers.map(({ value }) => value),
    ['shop.example', '*.shop.example', '2001:db8::1'],
  );
  assert.equal(decoded.expires, Date.UTC(2027, 0, 1));
  assert.equal(decoded.certificate, null);
  assert.equal(decoded.profile, null);
});

test('order: a valid one without certificate, an unknown status, an unknown type of name, bad names', () => {
  const refused: Record<string, unknown>[] = [
    { status: 'valid' },
    { status: 'banana' },
    { status: undefined },
    { identifiers: [] },
    { identifiers: [{ type: 'email', value: 'a@b.test' }] },
    { identifiers: [{ type: 'dns', value: 'shop_1.example' }] },
    { identifiers: [{ type: 'ip', value: '999.1.1.1' }] },
    { identifiers: Array.from({ length: 1001 }, () => ({ type: 'dns', value: 'a.test' })) },
    { authorizations: 'https://ca.test/authz/1' },
    { authorizations: null },
    { authorizations: Array.from({ length: 4 }, (_, index) => `https://ca.test/authz/${index}`) },
    { status: 'ready', finalize: null },
    { finalize: 1 },
  ];
  for (const change of refused) {
    assert.throws(
      () => decodeOrder({ ...order, ...change }, policy),
      coded('ACME_RESPONSE_INVALID'),
      JSON.stringify(change).slice(0, 80),
    );
  }
  assert.throws(() => decodeOrder({ ...order, finalize: 'http://ca.test/f' }, policy), coded('ACME_INSECURE_URL'));
});

test('order: other names, another profile or another validity than was asked is a mismatch', () => {
  const decoded = decodeOrder({ ...order, profile: 'a', notAfter: '2027-01-01T00:00:00.7Z' }, policy);
  const identifiers = ['2001:db8::1', '*.shop.example', 'shop.example'].map(parseIdentifier);
  checkOrder(decoded, { identifiers, profile: 'a', notAfter: Date.UTC(2027, 0, 1), notBefore: 5 });
  for (const wrong of [
    { identifiers: identifiers.slice(1) },
    { identifiers: [...identifiers, parseIdentifier('more.example')] },
    { identifiers, profile: 'b' },
    { identifiers, notAfter: Date.UTC(2027, 0, 2) },
  ]) {
    assert.throws(() => checkOrder(decoded, wrong), coded('ACME_ORDER_MISMATCH'));
  }
});

test('authorization: it must be for a name of the order', () => {
  const names = (...texts: string[]) => texts.map(parseIdentifier);
  const wildcard = decodeAuthorization(authorization, policy);
  checkAuthorization(wildcard, names('*.shop.example'));
  assert.throws(
    () => checkAuthorization(wildcard, names('shop.example', '*.www.shop.example')),
    coded('ACME_ORDER_MISMATCH'),
  );
  const plain = decodeAuthorization({ ...authorization, wildcard: undefined }, policy);
  checkAuthorization(plain, names('shop.example'));
  checkAuthorization(plain, names('*.shop.example'));
  assert.throws(() => checkAuthorization(plain, names('www.shop.example')), coded('ACME_ORDER_MISMATCH'));
});

test('challenge: a token must be base64url with 128 bits or more', () => {
  const challenge = { type: 'http-01', url: 'https://ca.test/chall/1', status: 'pending' };
  const decode = (changes: object) => answerable(decodeChallenge({ ...challenge, ...changes }, 'challenge', policy));
  assert.equal(decode({ token: 'A'.repeat(22) }).token, 'A'.repeat(22));
  for (const token of [
    undefined,
    7,
    '',
    'A'.repeat(21),
    `${'A'.repeat(22)}=`,
    `../../${'A'.repeat(22)}`,
    `${'A'.repeat(21)}B`,
    'a/b'.repeat(20),
    'ä'.repeat(40),
    'A'.repeat(600),
  ]) {
    assert.throws(() => decode({ token }), coded('ACME_RESPONSE_INVALID'), String(token));
  }
  assert.equal(decode({ type: 'dns-persist-01', token: '../../' }).token, null);
});

test('challenge: what only its answer needs is judged when it is chosen (acme.sh#4150)', () => {
  const good = authorization.challenges[0];
  const odd: readonly unknown[] = [
    { type: 'vendor-01', status: 'pending', token: 'a.b' },
    { type: 'vendor-02', status: 'pending' },
    { type: 'vendor-03', status: 'waiting', url: 'https://ca.test/chall/9' },
    { type: 'vendor-04', url: 'http://ca.test/chall/9', status: 'pending' },
    { type: 'tls-alpn-01', url: 'https://ca.test/chall/2', status: 'pending', token: 'short' },
    { type: 'dns-01', url: 'https://ca.test/chall/2', status: 'pending', token: 'a.b', error: 7, validated: 7 },
    { status: 'pending' },
    'dns-01',
    null,
  ];
  const { challenges } = decodeAuthorization({ ...authorization, challenges: [...odd, good] }, policy);
  assert.deepEqual(
    challenges.map(({ type }) => type),
    ['vendor-01', 'vendor-02', 'vendor-03', 'vendor-04', 'tls-alpn-01', 'dns-01', 'dns-01'],
  );
  const chosen = challenges.at(-1);
  assert.ok(chosen !== undefined);
  assert.deepEqual(answerable(chosen), { url: 'https://ca.test/chall/1', token: good?.token });
  for (const challenge of challenges.slice(1, -1)) {
    const code = challenge.type === 'vendor-04' ? 'ACME_INSECURE_URL' : 'ACME_RESPONSE_INVALID';
    assert.throws(() => answerable(challenge), coded(code), challenge.type);
  }
});

test('authorization: only a pending one must list challenges (nginx/nginx-acme#81)', () => {
  const withoutToken = [{ type: 'http-01', url: 'https://ca.test/chall/1', status: 'valid' }];
  const tooMany = Array.from({ length: 65 }, () => ({ type: 'http-01' }));
  for (const challenges of [undefined, null, [], 'none', [7], withoutToken, tooMany]) {
    const valid = decodeAuthorization({ ...authorization, status: 'valid', challenges }, policy);
    assert.equal(valid.status, 'valid');
  }
  for (const challenges of [undefined, null, 'none', tooMany]) {
    assert.throws(
      () => decodeAuthorization({ ...authorization, challenges }, policy),
      coded('ACME_RESPONSE_INVALID'),
      JSON.stringify(challenges),
    );
  }
});

test('members that this state does not need are passed over (cert-manager#2700, vacp2p/nim-libp2p#2975)', () => {
  const decodeOrderWith = (changes: object) => decodeOrder({ ...order, ...changes }, policy);
  for (const changes of [
    { expires: 'tomorrow' },
    { profile: 7 },
    { replaces: [] },
    { notBefore: 'x', notAfter: 7 },
    { certificate: '' },
    { error: 'none' },
    { status: 'ready', authorizations: null },
    { status: 'ready', authorizations: 'https://ca.test/authz/1' },
    { status: 'processing', finalize: null, authorizations: undefined },
    { status: 'valid', certificate: 'https://ca.test/cert/1', finalize: '', authorizations: [7] },
  ]) {
    const decoded = decodeOrderWith(changes);
    checkOrder(decoded, { identifiers: decoded.identifiers });
  }
  // What was asked for is looked at.
  const { identifiers } = decodeOrder(order, policy);
  const asked = { identifiers, profile: 'a', notAfter: Date.UTC(2027, 0, 1) };
  for (const changes of [{ profile: 7 }, { notAfter: 'x' }, { notAfter: 7 }]) {
    assert.throws(() => checkOrder(decodeOrderWith(changes), asked), coded('ACME_ORDER_MISMATCH'));
  }
  assert.equal(decodeOrderWith({ expires: '2027-01-01 00:00:00+0000' }).expires, Date.UTC(2027, 0, 1));

  for (const wildcard of ['true', 1, 'no', {}]) {
    assert.equal(decodeAuthorization({ ...authorization, wildcard, expires: 'x' }, policy).wildcard, false);
  }
  const account = { status: 'valid', contact: 'mailto:a@b.test', termsOfServiceAgreed: 'yes', orders: '' };
  assert.deepEqual(decodeAccount(account, policy), {
    status: 'valid',
    contacts: [],
    termsOfServiceAgreed: null,
    orders: null,
  });
});

test('directory: what may be missing counts as missing where it cannot be read', () => {
  const decode = (meta: unknown) => decodeDirectory(directoryObject({ meta }), policy).meta;
  for (const meta of ['x', [], 7]) assert.equal(decode(meta).profiles, null);
  assert.deepEqual(decode({ caaIdentities: 'CA.test' }).caaIdentities, ['ca.test']);
  assert.deepEqual(decode({ caaIdentities: { ca: 1 } }).caaIdentities, []);
  assert.deepEqual([...(decode({ profiles: ['a', 7, 'b'] }).profiles?.keys() ?? [])], ['a', 'b']);
  assert.deepEqual(
    [...(decode({ profiles: { a: null, b: 'text', c: {} } }).profiles ?? [])],
    [
      ['a', ''],
      ['b', 'text'],
      ['c', ''],
    ],
  );
  const odd = decode({ termsOfService: 7, website: [], externalAccountRequired: 'no', profiles: 'a' });
  assert.deepEqual(
    [odd.termsOfService, odd.website, odd.externalAccountRequired, odd.profiles],
    [null, null, false, null],
  );
  // A record of dns-persist-01 with a part missing would be another record.
  for (const prefix of [7, '', 'no uri', 'https://ca.test/;x']) {
    assert.ok(decode({ accountHashPrefix: prefix }).accountHashPrefix instanceof EverbindError, String(prefix));
  }
  const { keyChange, renewalInfo } = decodeDirectory(
    directoryObject({ keyChange: '', renewalInfo: 'http://ca.test/ari' }),
    policy,
  );
  assert.deepEqual([keyChange, renewalInfo], [null, null]);
});

test('renewal info: the window must not be empty; only a web address is shown', () => {
  const window = { start: '2025-01-02T04:00:00Z', end: '2025-01-03T04:00:00Z' };
  assert.deepEqual(decodeRenewalInfo({ suggestedWindow: window, explanationURL: 'https://ca.test/why' }), {
    window: { start: Date.UTC(2025, 0, 2, 4), end: Date.UTC(2025, 0, 3, 4) },
    explanationUrl: 'https://ca.test/why',
  });
  assert.equal(
    decodeRenewalInfo({ suggestedWindow: window, explanationURL: 'javascript:alert(1)' }).explanationUrl,
    null,
  );
  for (const suggestedWindow of [
    { ...window, end: window.start },
    { ...window, end: '2025-01-01T04:00:00Z' },
    {},
    null,
    [],
  ]) {
    assert.throws(() => decodeRenewalInfo({ suggestedWindow }), coded('ACME_RESPONSE_INVALID'));
  }
});

const decoders: Readonly<Record<string, readonly [object, (value: unknown) => unknown]>> = {
  directory: [
    directoryObject({ meta: { profiles: { a: 'b' }, caaIdentities: ['ca.test'] } }),
    (value) => decodeDirectory(value, policy),
  ],
  account: [
    { status: 'valid', contact: ['mailto:a@b.test'], orders: 'https://ca.test/orders' },
    (value) => decodeAccount(value, policy),
  ],
  order: [order, (value) => decodeOrder(value, policy)],
  authorization: [authorization, (value) => decodeAuthorization(value, policy)],
  renewalInfo: [{ suggestedWindow: { start: '2025-01-02T04:00:00Z', end: '2025-01-03T04:00:00Z' } }, decodeRenewalInfo],
};

for (const [name, [example, decode]] of Object.entries(decoders)) {
  const codedOnly = (value: unknown): void => {
    try {
      decode(value);
    } catch (error) {
      if (
        error instanceof EverbindError &&
        (error.code === 'ACME_RESPONSE_INVALID' || error.code === 'ACME_INSECURE_URL')
      )
        return;
      throw error;
    }
  };

  test(`property: the ${name} decoder takes any JSON, whole or in place of a member, or refuses it with its codes`, () => {
    fc.assert(fc.property(fc.jsonValue({ maxDepth: 4 }), codedOnly));
    const member = fc.constantFrom(...Object.keys(example));
    fc.assert(
      fc.property(member, fc.jsonValue({ maxDepth: 4 }), (key, value) => codedOnly({ ...example, [key]: value })),
    );
    decode(example);
  });
}
