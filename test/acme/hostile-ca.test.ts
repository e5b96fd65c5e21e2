import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EverbindError } from '../../src/errors/error.ts';
import type { ErrorCode } from '../../src/errors/table.ts';
import { parseIdentifier } from '../../src/pki/x509/names.ts';
import { startServer } from '../net/https-server.ts';
import { answerTo } from './support.ts';
import { type Deed, directoryOf, type HostileCa, json, orderOf, startHostileCa } from './hostile-ca.ts';

const identifiers = [parseIdentifier('shop.test')];
const certificateUrl = (ca: HostileCa): string => `${ca.url}/cert`;

/** Calls that a renewal makes; each meets the deed of its case. */
const calls = {
  directory: (ca: HostileCa) => ca.client.directory(),
  account: (ca: HostileCa) => ca.client.getAccount(),
  newOrder: (ca: HostileCa) => ca.client.newOrder({ identifiers }),
  order: (ca: HostileCa) => ca.client.getOrder(`${ca.url}/order`, { identifiers }),
  authorization: (ca: HostileCa) => ca.client.getAuthorization(`${ca.url}/authz`, { identifiers }),
  challenge: async (ca: HostileCa) => {
    const { authorization: found } = await ca.client.getAuthorization(`${ca.url}/authz`, { identifiers });
    return ca.client.respondToChallenge(answerTo(found, 'http-01').url);
  },
  certificate: (ca: HostileCa) => ca.client.downloadCertificate(certificateUrl(ca), { preferredIssuer: 'Good Root' }),
  renewalInfo: (ca: HostileCa) => ca.client.renewalInfo('aa.bb'),
} satisfies Record<string, (ca: HostileCa) => Promise<unknown>>;

interface Case {
  readonly path: string;
  readonly deed: Deed;
  readonly call: keyof typeof calls;
  readonly code: ErrorCode;
}

const send =
  (body: string | Uint8Array, contentType = 'application/json', status = 200): Deed =>
  (_request, response) =>
    void response.writeHead(status, { 'content-type': contentType }).end(body);

const authorization = (value: string, token: unknown, url?: string): Deed => {
  return (_request, response, ca) =>
    json(response, {
      status: 'pending',
      identifier: { type: 'dns', value },
      challenges: [{ type: 'http-01', status: 'pending', url: url ?? `${ca.url}/chall`, token }],
    });
};

const goodToken = 'evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA';

const cases: Readonly<Record<string, Case>> = {
  'a huge directory, announced': {
    path: '/dir',
    deed: (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': 1e12 });
      response.write('{');
    },
    call: 'directory',
    code: 'ACME_RESPONSE_TOO_LARGE',
  },
  'a huge order': {
    path: '/order',
    deed: send(Buffer.alloc(300 * 1024, ' ')),
    call: 'order',
    code: 'ACME_RESPONSE_TOO_LARGE',
  },
  'an endless chain': {
    path: '/cert',
    deed: (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/pem-certificate-chain' });
      const pump = (): void => {
        while (!response.destroyed && response.write('-----BEGIN CERTIFICATE-----\nMIIB\n'.repeat(1000)));
        response.once('drain', pump);
      };
      pump();
    },
    call: 'certificate',
    code: 'ACME_RESPONSE_TOO_LARGE',
  },
  'an endless problem': {
    path: '/acct',
    deed: (_request, response) => {
      response.writeHead(400, { 'content-type': 'application/problem+json' });
      const pump = (): void => {
        while (!response.destroyed && response.write('{"type":"'.repeat(1000)));
        response.once('drain', pump);
      };
      pump();
    },
    call: 'account',
    code: 'ACME_RESPONSE_TOO_LARGE',
  },
  'a slow trickle': {
    path: '/order',
    deed: (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const timer = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(timer));
    },
    call: 'order',
    code: 'ACME_TIMEOUT',
  },
  'no answer at all': { path: '/new-order', deed: () => {}, call: 'newOrder', code: 'ACME_TIMEOUT' },
  'a connection cut within the body': {
    path: '/order',
    deed: (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': 500 });
      response.write('{"status":"valid"', () => response.socket?.destroy());
    },
    call: 'order',
    code: 'ACME_TRANSPORT',
  },
  'HTML instead of a directory': {
    path: '/dir',
    deed: send('<html>', 'text/html'),
    call: 'directory',
    code: 'ACME_UNEXPECTED_RESPONSE',
  },
  'HTML instead of a certificate': {
    path: '/cert',
    deed: send('<html>', 'text/html'),
    call: 'certificate',
    code: 'ACME_UNEXPECTED_RESPONSE',
  },
  'JSON instead of a certificate': {
    path: '/cert',
    deed: send('{}'),
    call: 'certificate',
    code: 'ACME_UNEXPECTED_RESPONSE',
  },
  'bad JSON': { path: '/order', deed: send('{"status":'), call: 'order', code: 'ACME_RESPONSE_INVALID' },
  'JSON that is not UTF-8': {
    path: '/order',
    deed: send(Buffer.from('7b22ff223a317d', 'hex')),
    call: 'order',
    code: 'ACME_RESPONSE_INVALID',
  },
  'JSON that is no object': { path: '/order', deed: send('[[]]'), call: 'order', code: 'ACME_RESPONSE_INVALID' },
  'deep JSON': {
    path: '/order',
    deed: send(`{"status":${'['.repeat(60_000)}${']'.repeat(60_000)}}`),
    call: 'order',
    code: 'ACME_RESPONSE_INVALID',
  },
  'an empty answer': { path: '/order', deed: send(''), call: 'order', code: 'ACME_RESPONSE_INVALID' },
  'an unknown order status': {
    path: '/order',
    deed: (_q, response, ca) => json(response, orderOf(ca.url, 'shop.test', 'done')),
    call: 'order',
    code: 'ACME_RESPONSE_INVALID',
  },
  'a new order for another name': {
    path: '/new-order',
    deed: (_q, response, ca) => json(response, orderOf(ca.url, 'evil.test'), 201, { location: `${ca.url}/order` }),
    call: 'newOrder',
    code: 'ACME_ORDER_MISMATCH',
  },
  'an order that becomes one for another name': {
    path: '/order',
    deed: (_q, response, ca) => json(response, orderOf(ca.url, 'evil.test')),
    call: 'order',
    code: 'ACME_ORDER_MISMATCH',
  },
  'a new order that lives on plain http': {
    path: '/new-order',
    deed: (_q, response, ca) => json(response, orderOf(ca.url), 201, { location: 'http://127.0.0.1/order' }),
    call: 'newOrder',
    code: 'ACME_INSECURE_URL',
  },
  'a finalize URL of another scheme': {
    path: '/order',
    deed: (_q, response, ca) => json(response, { ...orderOf(ca.url), finalize: 'file:///etc/passwd' }),
    call: 'order',
    code: 'ACME_INSECURE_URL',
  },
  'more authorizations than names': {
    path: '/new-order',
    deed: (_q, response, ca) =>
      json(
        response,
        { ...orderOf(ca.url), authorizations: Array.from({ length: 300 }, (_, index) => `${ca.url}/authz/${index}`) },
        201,
        { location: `${ca.url}/order` },
      ),
    call: 'newOrder',
    code: 'ACME_RESPONSE_INVALID',
  },
  'an order at the host of somebody else': {
    path: '/new-order',
    deed: (_q, response, ca) => json(response, orderOf(ca.url), 201, { location: 'https://other-ca.test/order' }),
    call: 'newOrder',
    code: 'ACME_FOREIGN_URL',
  },
  'an authorization at the host of somebody else': {
    path: '/new-order',
    deed: (_q, response, ca) =>
      json(response, { ...orderOf(ca.url), authorizations: ['https://other-ca.test/authz'] }, 201, {
        location: `${ca.url}/order`,
      }),
    call: 'newOrder',
    code: 'ACME_FOREIGN_URL',
  },
  'a certificate at another port of the same host': {
    path: '/order',
    deed: (_q, response, ca) =>
      json(response, { ...orderOf(ca.url, 'shop.test', 'valid'), certificate: 'https://127.0.0.1:1/cert' }),
    call: 'order',
    code: 'ACME_FOREIGN_URL',
  },
  'a challenge at the host of somebody else': {
    path: '/authz',
    deed: authorization('shop.test', goodToken, 'https://other-ca.test/chall'),
    call: 'challenge',
    code: 'ACME_FOREIGN_URL',
  },
  'an authorization for another name': {
    path: '/authz',
    deed: authorization('evil.test', goodToken),
    call: 'authorization',
    code: 'ACME_ORDER_MISMATCH',
  },
  'a token that climbs out of its folder': {
    path: '/authz',
    deed: authorization('shop.test', '../../../../../../web.config'),
    call: 'challenge',
    code: 'ACME_RESPONSE_INVALID',
  },
  'a token that can be guessed': {
    path: '/authz',
    deed: authorization('shop.test', 'AAAA'),
    call: 'challenge',
    code: 'ACME_RESPONSE_INVALID',
  },
  'plain http in the directory': {
    path: '/dir',
    deed: (_q, response, ca) =>
      json(response, { ...directoryOf(ca.url), newOrder: `${ca.url.replace('https', 'http')}/new-order` }),
    call: 'directory',
    code: 'ACME_INSECURE_URL',
  },
  'a directory without newOrder': {
    path: '/dir',
    deed: (_q, response, ca) => json(response, { ...directoryOf(ca.url), newOrder: undefined }),
    call: 'directory',
    code: 'ACME_RESPONSE_INVALID',
  },
  'no nonce': {
    path: '/nonce',
    deed: (_q, response) => void response.writeHead(204, { 'replay-nonce': [] }).end(),
    call: 'account',
    code: 'ACME_NO_NONCE',
  },
  'two nonces': {
    path: '/nonce',
    deed: (_q, response) => void response.writeHead(204, { 'replay-nonce': ['a', 'b'] }).end(),
    call: 'account',
    code: 'ACME_NO_NONCE',
  },
  'a malformed nonce': {
    path: '/nonce',
    deed: (_q, response) => void response.writeHead(204, { 'replay-nonce': 'a"b' }).end(),
    call: 'account',
    code: 'ACME_NO_NONCE',
  },
  'every nonce bad, for ever': {
    path: '/acct',
    deed: send('{"type":"urn:ietf:params:acme:error:badNonce"}', 'application/problem+json', 400),
    call: 'account',
    code: 'ACME_PROBLEM',
  },
  'a chain that is text': {
    path: '/cert',
    deed: send('hello', 'application/pem-certificate-chain'),
    call: 'certificate',
    code: 'PKI_PEM_INVALID',
  },
  'a private key for a chain': {
    path: '/cert',
    deed: send('-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n', 'application/pem-certificate-chain'),
    call: 'certificate',
    code: 'PKI_PEM_INVALID',
  },
  'a chain of a thousand': {
    path: '/cert',
    deed: send(
      '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'.repeat(1000),
      'application/pem-certificate-chain',
    ),
    call: 'certificate',
    code: 'PKI_PEM_INVALID',
  },
  'a chain that is no certificate': {
    path: '/cert',
    deed: send('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', 'application/pem-certificate-chain'),
    call: 'certificate',
    code: 'PKI_CERTIFICATE_INVALID',
  },
  'a renewal window that ends before it starts': {
    path: '/ari/aa.bb',
    deed: send('{"suggestedWindow":{"start":"2027-01-02T00:00:00Z","end":"2027-01-01T00:00:00Z"}}'),
    call: 'renewalInfo',
    code: 'ACME_RESPONSE_INVALID',
  },
};

async function meet(ca: HostileCa, call: keyof typeof calls, code: ErrorCode): Promise<void> {
  await assert.rejects(calls[call](ca), (error) => {
    if (error instanceof EverbindError && error.code === code) return true;
    throw new Error(`expected ${code}`, { cause: error });
  });
}

describe('a hostile CA', { concurrency: 4 }, () => {
  for (const [name, { path, deed, call, code }] of Object.entries(cases)) {
    test(`${name}: ${code}`, async () => {
      const ca = await startHostileCa({ [path]: deed }, { timeoutMs: code === 'ACME_TIMEOUT' ? 300 : 30_000 });
      try {
        await meet(ca, call, code);
        assert.ok(ca.server.bytesWritten() < 24 * 1024 * 1024, 'it took too much');
      } finally {
        await ca.stop();
      }
    });
  }

  test('a redirect to another host: refused, and nothing is sent there', async () => {
    let visits = 0;
    const elsewhere = await startServer((_request, response) => {
      visits += 1;
      response.end();
    });
    for (const status of [301, 302, 303, 307, 308]) {
      const redirect: Deed = (_request, response) =>
        void response.writeHead(status, { location: `${elsewhere.url}/x` }).end();
      const ca = await startHostileCa({ '/new-order': redirect });
      await meet(ca, 'newOrder', 'ACME_UNEXPECTED_RESPONSE');
      await ca.stop();
    }
    await elsewhere.stop();
    assert.equal(visits, 0);
  });

  test('a server certificate that nobody trusts', async () => {
    const ca = await startHostileCa({}, { trusted: false });
    await meet(ca, 'directory', 'ACME_SERVER_UNTRUSTED');
    await ca.stop();
  });

  test('a server certificate for another host', async () => {
    const ca = await startHostileCa({}, { server: { names: ['acme.example'] } });
    await meet(ca, 'directory', 'ACME_SERVER_UNTRUSTED');
    await ca.stop();
  });

  test('an expired server certificate', async () => {
    const ca = await startHostileCa({}, { server: { expired: true } });
    await meet(ca, 'directory', 'ACME_SERVER_UNTRUSTED');
    await ca.stop();
  });

  test('text of a CA cannot reach the terminal as control codes', async () => {
    const ca = await startHostileCa({
      '/acct': send(
        JSON.stringify({
          type: 'urn:ietf:params:acme:error:malformed',
          detail: '\u001b[2J\u001b]0;pwned\u0007 \u202e',
        }),
        'application/problem+json',
        400,
      ),
    });
    await assert.rejects(
      ca.client.getAccount(),
      (error) => error instanceof EverbindError && !/[\p{Cc}\u202e]/u.test(error.message),
    );
    await ca.stop();
  });

  test('the honest parts of this CA are taken: the cases above fail for their deeds alone', async () => {
    const ca = await startHostileCa({
      '/authz': authorization('shop.test', goodToken),
      '/chall': send('{"type":"http-01","status":"pending"}'),
    });
    await calls.directory(ca);
    await calls.account(ca);
    await calls.newOrder(ca);
    await calls.order(ca);
    await calls.challenge(ca);
    await ca.stop();
  });

  test('endless responses leave memory as it was', async () => {
    const endless = cases['an endless chain'];
    assert.ok(endless);
    const ca = await startHostileCa({ [endless.path]: endless.deed });
    await meet(ca, endless.call, endless.code);
    globalThis.gc?.();
    const before = process.memoryUsage();
    for (let round = 0; round < 20; round += 1) await meet(ca, endless.call, endless.code);
    globalThis.gc?.();
    const after = process.memoryUsage();
    await ca.stop();
    const grown = after.heapUsed + after.external - before.heapUsed - before.external;
    assert.ok(grown < 32 * 1024 * 1024, `${Math.round(grown / 1024)} KiB more`);
  });
});
