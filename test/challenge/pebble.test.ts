import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { networkInterfaces } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dnsAccountName } from '../../src/acme/jose/key-authorization.ts';
import { createAcmeClient, type AcmeClient } from '../../src/acme/client.ts';
import { createSolvers } from '../../src/challenge/solvers.ts';
import { createResolver } from '../../src/dns/resolver.ts';
import type { ChallengeConfig } from '../../src/config/types.ts';
import { systemClock, systemRandom } from '../../src/net/system.ts';
import { createTransport, type NetTransport } from '../../src/net/transport.ts';
import { parseCertificate } from '../../src/pki/x509/certificate.ts';
import { buildCsr } from '../../src/pki/x509/csr.ts';
import { type Identifier, identifierKey } from '../../src/pki/x509/names.ts';
import type { ChallengeTask } from '../../src/ports/solver.ts';
import { freePorts } from '../../lab/loopback.ts';
import { gated } from '../../lab/pebble/gate.ts';
import { type Pebble, startPebble } from '../../lab/pebble/server.ts';
import { newSigner } from '../acme/jose/signers.ts';
import { answerTo } from '../acme/support.ts';
import { http, startWorld } from './sim.ts';
import { coded, withChallengeFolders } from './support.ts';

// The whole way with a real CA that really looks: order, present, self-check, validation, clean-up, certificate.

let pebble: Pebble;
let transport: NetTransport;
let client: AcmeClient;

before(async () => {
  const [httpPort = 0] = await freePorts(1);
  pebble = await startPebble({ httpPort });
  transport = createTransport({ roots: [pebble.listenerCaPem], proxy: null });
  client = createAcmeClient({
    directoryUrl: pebble.directoryUrl,
    transport: gated(transport),
    clock: systemClock,
    random: systemRandom,
    userAgent: 'everbind-test',
    signer: newSigner(),
  });
  await client.newAccount({ termsOfServiceAgreed: true });
});

after(async () => {
  transport.close();
  await pebble.stop();
});

type Solvers = ReturnType<typeof createSolvers>;

interface Begun {
  readonly orderUrl: string;
  readonly finalize: string;
  readonly challenges: readonly {
    readonly authorizationUrl: string;
    readonly url: string;
    readonly task: ChallengeTask;
  }[];
}

async function begin(identifiers: readonly Identifier[], type: ChallengeConfig['type']): Promise<Begun> {
  const { url, order } = await client.newOrder({ identifiers });
  const challenges = await Promise.all(
    order.authorizations.map(async (authorizationUrl) => {
      const { authorization } = await client.getAuthorization(authorizationUrl);
      // Pebble reuses one in a hundred valid authorizations even when told to reuse none.
      if (authorization.status === 'valid') return [];
      const { url: challengeUrl, token } = answerTo(authorization, type);
      assert.ok(token !== null);
      const { identifier, wildcard } = authorization;
      const accountUrl = type === 'dns-account-01' ? { accountUrl: client.accountUrl() } : {};
      const keyAuthorization = client.keyAuthorization(token);
      const task = { type, identifier, wildcard, token, keyAuthorization, ...accountUrl };
      return [{ authorizationUrl, url: challengeUrl, task }];
    }),
  );
  return { orderUrl: url, finalize: order.finalize, challenges: challenges.flat() };
}

/** Names of the certificate that the CA issues in the end. */
async function issue(
  solvers: Solvers,
  config: ChallengeConfig,
  identifiers: readonly Identifier[],
): Promise<readonly string[]> {
  const { orderUrl, finalize, challenges } = await begin(identifiers, config.type);
  await Promise.all(
    challenges.map(async ({ authorizationUrl, url, task }) => {
      const solver = solvers(task, config);
      try {
        await solver.present(task);
        await solver.wait(task);
        await client.respondToChallenge(url);
        await client.waitForAuthorization(authorizationUrl);
      } finally {
        await solver.cleanUp(task);
      }
    }),
  );
  await client.finalize(finalize, await buildCsr({ identifiers, signer: newSigner() }));
  const { order } = await client.waitForOrder(orderUrl);
  const { chain } = await client.downloadCertificate(order.certificate ?? '');
  return parseCertificate(chain[0] ?? new Uint8Array())
    .identifiers.map(identifierKey)
    .toSorted();
}

const dns = (...names: readonly string[]): readonly Identifier[] => names.map((value) => ({ type: 'dns', value }));

for (const mode of ['webroot', 'http.sys', 'auto'] as const) {
  test(`${mode}: a certificate for names of two sites and for an address`, async (t) => {
    const world = await startWorld(t, { httpPort: pebble.httpPort });
    const tree = await world.tree();
    const names = [
      ...dns('shop.everbind.test', 'www.shop.everbind.test', 'a.tenants.everbind.test', 'xn--bcher-kva.everbind.test'),
      { type: 'ip', value: '127.0.0.20' } as const,
    ];
    assert.deepEqual(await issue(world.solvers, http(mode), names), names.map(identifierKey).toSorted());
    const roots = ['shop', 'tenants', 'address', 'bücher'].map((name) => `/C/inetpub/${name}`);
    assert.deepEqual(await world.tree(), mode === 'webroot' ? withChallengeFolders(tree, ...roots) : tree);
    const { registrations, applicationRestarts } = await world.sim.snapshot();
    assert.deepEqual(registrations, []);
    assert.equal(applicationRestarts, 0);
  });
}

test('listener: a certificate on a machine without IIS', async () => {
  const solvers = createSolvers({
    windows: null,
    clock: systemClock,
    random: systemRandom,
    listenAddress: '127.0.0.1',
  });
  const names = dns('a.everbind.test', 'b.everbind.test', 'c.everbind.test');
  const config = http('auto', { port: pebble.httpPort });
  assert.deepEqual(await issue(solvers, config, names), names.map(identifierKey));
});

test('auto: without an http binding the CA, which asks from outside, gets its response through http.sys', async (t) => {
  const [port = 0] = await freePorts(1);
  const firewall = { inbound: [{ receiver: 'http.sys', port }] } as const;
  const world = await startWorld(t, { keepPorts: true, firewall });
  await world.sim.openToOutside(port, pebble.httpPort);
  const [outside, inside] = [dns('outside.everbind.test'), dns('inside.everbind.test')];
  assert.deepEqual(await issue(world.solvers, http('auto', { port }), outside), outside.map(identifierKey));
  assert.deepEqual(world.choices, ['outside.everbind.test http.sys elevated']);
  // Over loopback a listener can be seen all the same, which says nothing about the CA.
  await assert.rejects(issue(world.solvers, http('listener', { port }), inside), coded('ACME_AUTHORIZATION_INVALID'));
});

test('tls-alpn-01: names and addresses of both families, which the CA looks at by their reverse names', async () => {
  const solvers = createSolvers({ windows: null, clock: systemClock, random: systemRandom });
  // A machine may have no IPv6 at all.
  const loopbacks = (networkInterfaces()['lo'] ?? []).map(({ address }) => address);
  const names = [
    ...dns('a.alpn.everbind.test', 'xn--bcher-kva.everbind.test'),
    ...loopbacks.map((value) => ({ type: 'ip', value }) as const),
  ];
  const config = { type: 'tls-alpn-01', port: pebble.tlsPort } as const;
  assert.deepEqual(await issue(solvers, config, names), names.map(identifierKey).toSorted());
});

for (const type of ['dns-01', 'dns-account-01'] as const) {
  test(`${type} by a program: a name and its wildcard, which share a record`, async () => {
    const program = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'lab', 'dns-exec-challtestsrv.ts');
    const solvers = createSolvers({
      windows: null,
      clock: systemClock,
      random: systemRandom,
      dnsServers: [pebble.dnsServer],
    });
    const config = {
      type,
      provider: 'exec',
      command: [process.execPath, program, pebble.challengeServerUrl],
      timeoutSeconds: 10,
      propagation: { timeoutSeconds: 120, publicResolvers: [] },
    } as const;
    const domain = `wild.${type}.everbind.test`;
    const names = dns(`*.${domain}`, domain, `other.${type}.everbind.test`);
    assert.deepEqual(await issue(solvers, config, names), names.map(identifierKey).toSorted());

    const resolver = createResolver({ random: systemRandom, servers: [pebble.dnsServer] });
    const name = type === 'dns-01' ? `_acme-challenge.${domain}` : dnsAccountName(domain, client.accountUrl());
    assert.deepEqual((await resolver.lookup(name, 'TXT')).answers, []);
  });
}

test('when the self-check fails the CA is not asked, and the authorization stays usable', async (t) => {
  const world = await startWorld(t, { httpPort: pebble.httpPort });
  const { challenges } = await begin(dns('b.tenants.everbind.test'), 'http-01');
  const [only] = challenges;
  assert.ok(only !== undefined);
  const { task, url, authorizationUrl } = only;
  const broken = await world.sim.host.httpServer.serve('http://+:80/.well-known/', () => 'not the answer');
  const solver = world.solvers(task, http('webroot'));
  await solver.present(task);
  await assert.rejects(solver.wait(task), coded('CHALLENGE_SELF_CHECK_FAILED', 'wrong-body'));
  assert.equal((await client.getAuthorization(authorizationUrl)).authorization.status, 'pending');
  await broken();
  await solver.wait(task);
  await client.respondToChallenge(url);
  await client.waitForAuthorization(authorizationUrl);
  await solver.cleanUp(task);
});

test('without the self-check the CA would have refused: it really looks', async () => {
  const { challenges } = await begin(dns('nobody.everbind.test'), 'http-01');
  const [only] = challenges;
  assert.ok(only !== undefined);
  await client.respondToChallenge(only.url);
  await assert.rejects(client.waitForAuthorization(only.authorizationUrl), coded('ACME_AUTHORIZATION_INVALID'));
});
