import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { pebbleFindsReplaced } from '../../lab/pebble/replaced-serial.ts';
import { ariIdOf } from '../../src/pki/x509/ari-id.ts';
import { AcmeProblemError, acmeErrorType } from '../../src/acme/messages/problem.ts';
import { type Certificate, parseCertificate } from '../../src/pki/x509/certificate.ts';
import { identifierKey, parseIdentifier } from '../../src/pki/x509/names.ts';
import { parsePemCertificates } from '../../src/pki/asn1/pem.ts';
import { authorize, issue, type PebbleLab, startLab } from './pebble-client.ts';
import { newSigner } from './jose/signers.ts';
import { answerTo, coded } from './support.ts';

function refused(type: string, status?: number): (error: unknown) => boolean {
  return (error) => {
    if (
      error instanceof AcmeProblemError &&
      acmeErrorType(error.problem) === type &&
      (status ?? error.facts.httpStatus) === error.facts.httpStatus
    )
      return true;
    throw new Error(`expected ${type}`, { cause: error });
  };
}

const agreed = { termsOfServiceAgreed: true, contacts: ['mailto:admin@everbind.test'] };

describe('Pebble with its ordinary settings', () => {
  let lab: PebbleLab;
  before(async () => {
    lab = await startLab({ alternateRoots: 2, chainLength: 2, reuseAuthorizationsPercent: 0 });
  });
  after(() => lab.stop());

  test('issuance for DNS names, a wildcard and IP addresses, with account keys of every kind', async () => {
    for (const algorithm of ['ES256', 'ES384', 'RS256'] as const) {
      const client = lab.client(newSigner(algorithm));
      await client.newAccount(agreed);
      const names = [
        `${algorithm.toLowerCase()}.test`,
        `*.${algorithm.toLowerCase()}.test`,
        // Pebble sorts IPv4 addresses of order and request differently as soon as IPv6 ones stand beside them, unless
        // they begin low.
        '10.0.2.7',
        '2001:db8::7',
        'bücher.test',
      ];
      const { chain, key } = await issue(client, names);
      const leaf = parseCertificate(chain[0] ?? new Uint8Array());
      assert.deepEqual(
        leaf.identifiers.map(identifierKey).sort(),
        names.map((name) => identifierKey(parseIdentifier(name))).sort(),
      );
      assert.deepEqual(Buffer.from(leaf.spkiDer), Buffer.from(key.publicKey));
    }
  });

  test('an Ed25519 account key is refused by Pebble with what it would take', async () => {
    await assert.rejects(lab.client(newSigner('EdDSA')).newAccount(agreed), (error) => {
      assert.ok(error instanceof AcmeProblemError);
      assert.ok(['badPublicKey', 'badSignatureAlgorithm', 'malformed'].includes(acmeErrorType(error.problem) ?? ''));
      return true;
    });
  });

  test('an account: new, found again, by key alone, changed, closed', async () => {
    const signer = newSigner();
    const client = lab.client(signer);
    const created = await client.newAccount(agreed);
    assert.equal(created.created, true);
    assert.deepEqual(created.account.contacts, agreed.contacts);
    const again = await lab.client(signer).newAccount(agreed);
    assert.deepEqual([again.created, again.url], [false, created.url]);
    const found = await lab.client(signer).newAccount({ onlyReturnExisting: true });
    assert.deepEqual([found.created, found.url], [false, created.url]);
    await assert.rejects(lab.client().newAccount({ onlyReturnExisting: true }), refused('accountDoesNotExist'));
    const changed = await lab.client(signer, created.url).updateAccount({ contacts: ['mailto:other@everbind.test'] });
    assert.deepEqual(changed.contacts, ['mailto:other@everbind.test']);
    assert.deepEqual((await client.getAccount()).contacts, ['mailto:other@everbind.test']);
    assert.equal((await client.deactivateAccount()).status, 'deactivated');
    await assert.rejects(client.newOrder({ identifiers: [parseIdentifier('closed.test')] }), refused('unauthorized'));
  });

  test('terms of service: refused by us, since the directory asks for them', async () => {
    await assert.rejects(lab.client().newAccount({}), coded('ACME_TERMS_REQUIRED'));
  });

  test('key change: the new key works, the old one does not, a taken one is refused', async () => {
    const oldKey = newSigner();
    const client = lab.client(oldKey);
    const { url } = await client.newAccount(agreed);
    const newKey = newSigner('ES384');
    await client.rolloverKey(newKey);
    assert.equal((await client.getAccount()).status, 'valid');
    await issue(client, ['rolled.test']);
    assert.equal((await lab.client(newKey).newAccount({ onlyReturnExisting: true })).url, url);
    await assert.rejects(lab.client(oldKey).newAccount({ onlyReturnExisting: true }), refused('accountDoesNotExist'));
    const other = newSigner();
    await lab.client(other).newAccount(agreed);
    // Pebble refuses this with an empty 200.
    await assert.rejects(client.rolloverKey(other), coded('ACME_KEY_CHANGE_FAILED'));
    assert.equal((await client.getAccount()).status, 'valid');
  });

  test('alternate chains and a preferred issuer', async () => {
    const client = lab.client();
    await client.newAccount(agreed);
    const { certificateUrl, chain } = await issue(client, ['chains.test']);
    const roots = await Promise.all(
      [0, 1, 2].map(async (index) => parsePemCertificates(await lab.pebble.rootPem(index))[0] ?? new Uint8Array()),
    );
    const names = roots.map((root) => parseCertificate(root).subjectCommonName ?? '');
    assert.equal(new Set(names).size, 3);
    for (const [index, preferredIssuer] of names.entries()) {
      const found = await client.downloadCertificate(certificateUrl, { preferredIssuer });
      assert.equal(found.preferredIssuerFound, true);
      assert.equal(found.alternates.length, 2);
      assert.deepEqual(Buffer.from(found.chain[0] ?? []), Buffer.from(chain[0] ?? []));
      assert.equal(parseCertificate(found.chain.at(-1) ?? new Uint8Array()).issuerCommonName, names[index]);
    }
    const none = await client.downloadCertificate(certificateUrl, { preferredIssuer: 'Nobody' });
    assert.equal(none.preferredIssuerFound, false);
    assert.deepEqual(
      none.chain.map((der) => Buffer.from(der)),
      chain.map((der) => Buffer.from(der)),
    );
  });

  test('revocation by the account and by the certificate’s key, once each', async () => {
    const client = lab.client();
    await client.newAccount(agreed);
    const byAccount = await issue(client, ['revoke-account.test']);
    const der = byAccount.chain[0] ?? new Uint8Array();
    await client.revokeCertificate({ der, reason: 4 });
    await assert.rejects(client.revokeCertificate({ der }), refused('alreadyRevoked'));
    const serial = parseCertificate(der).serialHex.replace(/^00/, '');
    assert.match(await lab.pebble.management(`cert-status-by-serial/${serial}`), /Revoked/);
    const byKey = await issue(client, ['revoke-key.test']);
    const leaf = byKey.chain[0] ?? new Uint8Array();
    const stranger = lab.client();
    await stranger.newAccount(agreed);
    await assert.rejects(stranger.revokeCertificate({ der: leaf }), refused('unauthorized'));
    await assert.rejects(stranger.revokeCertificate({ der: leaf, signer: newSigner() }), refused('unauthorized'));
    await stranger.revokeCertificate({ der: leaf, signer: byKey.key, reason: 1 });
    await assert.rejects(client.revokeCertificate({ der: leaf }), refused('alreadyRevoked'));
  });

  test('renewal info and replaces', async () => {
    const client = lab.client();
    await client.newAccount(agreed);
    let leaf: Certificate;
    let id: string;
    do {
      const { chain } = await issue(client, ['ari.test']);
      leaf = parseCertificate(chain[0] ?? new Uint8Array());
      id = ariIdOf(leaf) ?? '';
    } while (!pebbleFindsReplaced(id));
    const info = await client.renewalInfo(id);
    assert.ok(
      info.window.start > leaf.notBefore && info.window.end < leaf.notAfter && info.window.start < info.window.end,
    );
    assert.equal(info.retryAfterMs, 6 * 3600 * 1000);
    await assert.rejects(client.renewalInfo('aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE'), coded('ACME_PROBLEM'));
    const second = await issue(client, ['ari.test'], { replaces: id });
    assert.equal(second.order.replacesRefused, null);
    assert.equal(second.order.order.replaces, id);
    const third = await client.newOrder({ identifiers: [parseIdentifier('ari.test')], replaces: id });
    assert.ok(third.replacesRefused);
    assert.equal(acmeErrorType(third.replacesRefused), 'alreadyReplaced');
    const [issuer = ''] = id.split('.');
    for (const [replaces, status] of [
      [`${issuer}.AIdlQyE`, 500],
      ['aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE', 400],
    ] as const) {
      const unknown = await client.newOrder({ identifiers: [parseIdentifier('ari.test')], replaces });
      assert.equal(unknown.replacesRefused?.status, status);
      assert.equal(unknown.order.replaces, null);
    }
  });

  test('the orders list has the account’s orders', async () => {
    const client = lab.client();
    await client.newAccount(agreed);
    const made: string[] = [];
    for (let index = 0; index < 5; index += 1)
      made.push((await client.newOrder({ identifiers: [parseIdentifier(`list${index}.test`)] })).url);
    const listed: string[] = [];
    for await (const url of client.orderUrls()) listed.push(url);
    assert.deepEqual(listed.sort(), made.sort());
  });

  test('an authorization that is deactivated ends its order', async () => {
    const client = lab.client();
    await client.newAccount(agreed);
    const identifiers = [parseIdentifier('given-up.test')];
    const { url, order } = await client.newOrder({ identifiers });
    const [authorization = ''] = order.authorizations;
    assert.equal((await client.deactivateAuthorization(authorization)).status, 'deactivated');
    await assert.rejects(
      client.waitForAuthorization(authorization, { identifiers }),
      coded('ACME_AUTHORIZATION_INVALID'),
    );
    await assert.rejects(client.waitForOrder(url, { timeoutMs: 2000 }), (error) => {
      const { code } = error as { code?: string };
      return code === 'ACME_ORDER_INVALID' || code === 'ACME_WAIT_TIMEOUT';
    });
  });

  test('finalize before the order is ready, and with a request for other names', async () => {
    const client = lab.client();
    await client.newAccount(agreed);
    const { buildCsr } = await import('../../src/pki/x509/csr.ts');
    const identifiers = [parseIdentifier('early.test')];
    const { url, order } = await client.newOrder({ identifiers });
    const csr = await buildCsr({ identifiers, signer: newSigner() });
    await assert.rejects(client.finalize(order.finalize, csr), refused('orderNotReady', 403));
    await Promise.all(order.authorizations.map((each) => authorize(client, each)));
    await client.waitForOrder(url, { until: 'ready' });
    const wrong = await buildCsr({ identifiers: [parseIdentifier('late.test')], signer: newSigner() });
    await assert.rejects(client.finalize(order.finalize, wrong), coded('ACME_PROBLEM'));
  });

  test('seven requests for one certificate, on connections that are there already', async () => {
    const client = lab.client();
    await client.newAccount(agreed);
    await issue(client, ['warm.test']);
    const before = lab.transport.stats();
    const earlier = lab.asked.length;
    const identifiers = [parseIdentifier('seven.test')];
    const { buildCsr } = await import('../../src/pki/x509/csr.ts');
    const { url, order } = await client.newOrder({ identifiers });
    const { authorization } = await client.getAuthorization(order.authorizations[0] ?? '');
    await client.respondToChallenge(answerTo(authorization, 'http-01').url);
    await client.waitForOrder(url, { until: 'ready' });
    await client.finalize(order.finalize, await buildCsr({ identifiers, signer: newSigner() }));
    const { order: done } = await client.waitForOrder(url);
    await client.downloadCertificate(done.certificate ?? '');
    const after = lab.transport.stats();
    assert.equal(after.connections, before.connections);
    const asked = lab.asked.slice(earlier);
    const looks = asked.filter((address) => address === url).length;
    // Two looks at the order; more where the CA takes longer.
    assert.ok(looks >= 2);
    assert.equal(asked.length - looks, 5, asked.join('\n'));
    assert.equal(after.requests - before.requests, asked.length);
  });
});

test('Pebble that refuses 15 % of all nonces: fifty certificates, eight at a time', async () => {
  const lab = await startLab({ rejectNoncesPercent: 15 });
  try {
    const client = lab.client();
    await client.newAccount(agreed);
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < 50) {
        next += 1;
        await issue(client, [`nonce${next}.test`]);
      }
    };
    await Promise.all(Array.from({ length: 8 }, worker));
    assert.equal(next, 50);
  } finally {
    await lab.stop();
  }
});

test('Pebble that reuses every authorization and sends Retry-After', async () => {
  const lab = await startLab({ reuseAuthorizationsPercent: 100, retryAfterSeconds: 1 });
  try {
    const client = lab.client();
    await client.newAccount(agreed);
    await issue(client, ['again.test']);
    const { order } = await client.newOrder({ identifiers: [parseIdentifier('again.test')] });
    assert.equal(order.status, 'ready');
    await issue(client, ['again.test']);
  } finally {
    await lab.stop();
  }
});

test('Pebble with external accounts: refused by us without, by Pebble with the wrong key, taken with the right one', async () => {
  const hmacKey = Buffer.alloc(32, 5);
  const lab = await startLab({ externalAccountKeys: { 'kid-1': hmacKey.toString('base64url') } });
  try {
    await assert.rejects(lab.client().newAccount(agreed), coded('ACME_EXTERNAL_ACCOUNT_REQUIRED'));
    const bound = (keyId: string, key: Uint8Array) =>
      lab.client().newAccount({ ...agreed, externalAccountBinding: { keyId, hmacKey: key } });
    await assert.rejects(bound('kid-1', Buffer.alloc(32, 6)), coded('ACME_PROBLEM'));
    await assert.rejects(bound('kid-2', hmacKey), coded('ACME_PROBLEM'));
    assert.equal((await bound('kid-1', hmacKey)).created, true);
  } finally {
    await lab.stop();
  }
});

test('Pebble with profiles: listed, chosen, refused when not listed; validity as the profile says; blocked names', async () => {
  const lab = await startLab({
    profiles: {
      short: { description: 'six days', validityPeriod: 518400 },
      long: { description: 'ninety days', validityPeriod: 7776000 },
    },
    blockedDomains: ['blocked.test'],
  });
  try {
    const client = lab.client();
    await client.newAccount(agreed);
    const { meta } = await client.directory();
    assert.deepEqual([...(meta.profiles?.keys() ?? [])].sort(), ['long', 'short']);
    for (const [profile, days] of [
      ['short', 6],
      ['long', 90],
    ] as const) {
      const { chain, order } = await issue(client, [`${profile}.test`], { profile });
      assert.equal(order.order.profile, profile);
      const leaf = parseCertificate(chain[0] ?? new Uint8Array());
      assert.equal(Math.round((leaf.notAfter - leaf.notBefore) / 86_400_000), days);
    }
    await assert.rejects(
      client.newOrder({ identifiers: [parseIdentifier('a.test')], profile: 'none' }),
      coded('ACME_NOT_OFFERED'),
    );
    await assert.rejects(
      client.newOrder({ identifiers: [parseIdentifier('blocked.test')] }),
      refused('rejectedIdentifier'),
    );
    const day = 86_400_000;
    const { order } = await client.newOrder({
      identifiers: [parseIdentifier('dated.test')],
      notBefore: Date.now(),
      notAfter: Date.now() + 5 * day,
    });
    assert.ok(order.notAfter === null || Math.abs(order.notAfter - Date.now() - 5 * day) < 60_000);
  } finally {
    await lab.stop();
  }
});
