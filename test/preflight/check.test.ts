import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { PreflightFinding } from '../../src/preflight/findings.ts';
import { systemClock } from '../../src/net/system.ts';
import { acquireLease } from '../../src/store/lease.ts';
import { openStore } from '../../src/store/store.ts';
import type { Run } from '../cli/world.ts';
import { type CheckOptions, type CheckWorld, startCheckWorld } from './world.ts';

// everbind check on set-ups that are broken, one by one. In the end the CA has been asked for nothing but its
// directory.

let world: CheckWorld;
before(async () => {
  world = await startCheckWorld();
});
after(() => world.stop());

const http = { type: 'http-01', mode: 'http.sys' };
const ipv6 = Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === '::1'));

/** The findings of one certificate for one name. */
async function check(name: string, challenge: object = http, options: CheckOptions = {}): Promise<Checked> {
  const run = await world.run(['check', '--json'], [{ name: 'broken', names: [name], challenge }], options);
  const [found] = (JSON.parse(run.out) as { certificates: readonly { findings: readonly PreflightFinding[] }[] })
    .certificates;
  assert.ok(found !== undefined, run.out);
  return { run, findings: found.findings };
}

interface Checked {
  readonly run: Run;
  readonly findings: readonly PreflightFinding[];
}

function only({ run, findings }: Checked, code: PreflightFinding['code'], says: RegExp): void {
  assert.deepEqual(
    findings.map((one) => one.code),
    [code],
    run.out,
  );
  assert.match(findings[0]?.what ?? '', says);
  assert.equal(run.status, findings[0]?.severity === 'fails' ? 1 : 0);
}

const elsewhere = '127.0.0.77';
const redirecting = '127.0.0.78';

/** Where a program is told to write the record; null when it is not called. */
async function recordOf(type: string): Promise<string | null> {
  const script = join(world.stateDir, 'record.mjs');
  const file = join(world.stateDir, `${type}.json`);
  const write = "import fs from 'node:fs'; fs.writeFileSync(process.argv[2], fs.readFileSync(0));";
  await writeFile(script, write);
  const { run, findings } = await check('record.test', {
    type,
    provider: 'exec',
    command: [process.execPath, script, file],
  });
  assert.deepEqual(
    findings.filter((one) => one.name !== null),
    [],
    run.out,
  );
  const text = await readFile(file, 'utf8').catch(() => null);
  return text === null ? null : (JSON.parse(text) as { readonly name: string }).name;
}

const dns01 = (settings: object): object => ({ type: 'dns-01', provider: 'rfc2136', settings });

describe('everbind check', () => {
  it('finds nothing where nothing is wrong', async () => {
    const { run, findings } = await check('fine.check.test');
    assert.deepEqual([run.status, findings], [0, []], run.out);
  });

  it('a clock that is two hours behind the CA', async () => {
    const clock = { ...systemClock, now: () => systemClock.now() - 2 * 3_600_000 };
    only(await check('fine.check.test', http, { clock }), 'clock-wrong', /2 hours behind the CA's/);
  });

  it('asks for no address where validation uses a lasting record', async () => {
    const persist = { type: 'dns-persist-01' };
    const { run, findings } = await check('www.empty.test', persist, { dnsServer: world.bind.resolver });
    assert.deepEqual([run.status, findings], [0, []], run.out);
  });

  it('CAA names another CA', async () => {
    const policies = [{ tag: 'issue', value: 'other.test' }];
    await world.pebble.challenge('add-caa', { host: 'caa.test.', policies });
    only(await check('www.caa.test'), 'caa-forbids', /caa\.test do not name ca\.everbind\.test: "other\.test"/);
  });

  it('CAA names the CA, for another challenge type', async () => {
    const policies = [{ tag: 'issue', value: 'ca.everbind.test; validationmethods=dns-01' }];
    await world.pebble.challenge('add-caa', { host: 'method.test.', policies });
    only(await check('method.test'), 'caa-forbids', /do not allow http-01/);
  });

  it('what only the first of several challenges fails for is doubtful', async () => {
    const settings = { server: world.bind.server, keyName: 'acme', keySecret: 'secret:KEY' };
    const both = { type: 'auto', of: [http, dns01(settings)] };
    const forbidden = await check('method.test', both);
    assert.equal(forbidden.run.status, 0, forbidden.run.out);
    assert.deepEqual(
      forbidden.findings.map(({ code, severity }) => [code, severity]),
      [['caa-forbids', 'doubtful']],
    );
    const lasting = { type: 'auto', of: [http, { type: 'dns-persist-01' }] };
    const unreachable = await check('www.empty.test', lasting, { dnsServer: world.bind.resolver });
    assert.equal(unreachable.run.status, 0, unreachable.run.out);
    assert.deepEqual(
      unreachable.findings.map(({ code, severity }) => [code, severity]),
      [['no-address', 'doubtful']],
    );
    const neither = await check('method.test', { type: 'auto', of: [http, { type: 'tls-alpn-01' }] });
    assert.deepEqual(
      neither.findings.map(({ code, severity }) => [code, severity]),
      [
        ['caa-forbids', 'fails'],
        ['caa-forbids', 'fails'],
      ],
    );
  });

  it('the servers of the zone fail', async () => {
    await world.pebble.challenge('set-servfail', { host: 'servfail.test.' });
    only(await check('servfail.test'), 'dns-fails', /SERVFAIL/);
  });

  it('DNSSEC is broken', async () => {
    only(await check('www.broken.test', http, { dnsServer: world.bind.resolver }), 'dnssec-broken', /signatures/);
  });

  it('the name has no address', async () => {
    only(await check('www.empty.test', http, { dnsServer: world.bind.resolver }), 'no-address', /neither/);
  });

  it('IPv4 works and IPv6 leads elsewhere', { skip: !ipv6 }, async () => {
    await world.foreign('::1', (_request, response) => response.end('another server'));
    await world.pebble.challenge('add-aaaa', { host: 'six.test.', addresses: ['::1'] });
    only(await check('six.test'), 'aaaa-elsewhere', /^::1: /);
  });

  it('the address is that of another server', async () => {
    await world.foreign(elsewhere, (_request, response) => response.writeHead(404).end());
    await world.pebble.challenge('add-a', { host: 'moved.test.', addresses: [elsewhere] });
    only(await check('moved.test'), 'address-elsewhere', /^127\.0\.0\.77: .*404/);
  });

  it('port 80 is closed', async () => {
    await world.pebble.challenge('add-a', { host: 'closed.test.', addresses: ['127.0.0.79'] });
    only(await check('closed.test'), 'address-unreachable', /^127\.0\.0\.79: .*refused/);
  });

  it('the challenge response is redirected to an address that no CA follows', async () => {
    const location = 'https://redirect.test:8443/';
    await world.foreign(redirecting, (_request, response) => response.writeHead(302, { location }).end());
    await world.pebble.challenge('add-a', { host: 'redirect.test.', addresses: [redirecting] });
    only(await check('redirect.test'), 'redirect-not-followed', /8443/);
  });

  it('another program has the port', async () => {
    const listener = { type: 'http-01', mode: 'listener', port: world.httpPort };
    only(await check('fine.check.test', listener), 'port-taken', /CHALLENGE_PORT_IN_USE/);
  });

  it('the delegation goes in a circle', async () => {
    await world.pebble.challenge('set-cname', { host: '_acme-challenge.loop.test.', target: 'loop.acme.test.' });
    await world.pebble.challenge('set-cname', { host: 'loop.acme.test.', target: '_acme-challenge.loop.test.' });
    const settings = { server: world.bind.server, keyName: 'acme', keySecret: 'secret:KEY' };
    await world.run(['secret', 'set', 'KEY'], [], { input: Buffer.alloc(32, 7).toString('base64') });
    only(await check('loop.test', dns01(settings)), 'delegation-loop', /circle/);
  });

  it('the DNS host does not know the key', async () => {
    const settings = { server: world.bind.server, keyName: 'acme', keySecret: 'secret:KEY' };
    const options = { dnsServer: world.bind.resolver };
    only(await check('*.empty.test', dns01(settings), options), 'credentials-refused', /DNS_CREDENTIALS_REFUSED/);
  });

  it('the secret of the DNS host is not stored', async () => {
    const settings = { server: world.bind.server, keyName: 'acme', keySecret: 'secret:NOWHERE' };
    only(await check('*.secret.test', dns01(settings)), 'secret-missing', /NOWHERE/);
  });

  it('the CA does not have the profile', async () => {
    const issuer = { profile: 'shortlived' };
    only(await check('fine.check.test', http, { issuer }), 'profile-unknown', /no profile shortlived; it has default/);
  });

  it('the terms of service were not agreed to', async () => {
    const issuer = { termsOfServiceAgreed: false };
    only(await check('fine.check.test', http, { issuer }), 'terms-not-agreed', /terms of service/);
  });

  it('the CA cannot be reached', async () => {
    const issuer = { directory: `https://127.0.0.1:${world.httpPort}/dir` };
    only(await check('fine.check.test', http, { issuer }), 'issuer-unreachable', /ACME_/);
  });

  it('says so in 80 columns, and with 3 when other certificates are fine', async () => {
    const certificates = [
      { name: 'fine', names: ['fine.check.test'], challenge: http },
      { name: 'shop', names: ['www.caa.test'], challenge: http },
    ];
    const { status, out } = await world.run(['check'], certificates);
    assert.equal(status, 3, out);
    assert.match(out, /^ok {2}fine$/m);
    assert.match(out, /^would fail {2}shop$/m);
    assert.match(out, /^ {2}fails {5}caa-forbids: www\.caa\.test at pebble$/m);
    for (const line of out.split('\n')) assert.ok(line.length <= 80, line);
    const one = await world.run(['check', 'fine'], certificates);
    assert.equal(one.status, 0, one.out);
    const unknown = await world.run(['check', 'nobody'], certificates);
    assert.equal(unknown.status, 2);
    assert.match(unknown.err, /RENEWAL_UNKNOWN_CERTIFICATE/);
  });

  it('puts nothing in place while another Everbind is at work', async () => {
    const store = openStore({ path: join(world.stateDir, 'everbind.db'), clock: systemClock });
    const lease = await acquireLease(store, systemClock);
    try {
      only(await check('fine.check.test'), 'validation-not-tried', /another Everbind/);
    } finally {
      await lease.release();
      await store.close();
    }
  });

  it('tries the record of an account only when there is one', async () => {
    assert.equal(await recordOf('dns-account-01'), null);
    assert.equal(await recordOf('dns-01'), '_acme-challenge.record.test');
  });

  it('has asked the CA for its directory, and for nothing else', async () => {
    assert.deepEqual([...new Set(world.asked)], ['GET /dir']);
    // A renewal is heard: whoever counts orders here would see one.
    const issuer = { limits: { orders: { count: 1, hours: 1_000 } } };
    const certificates = [{ name: 'broken', names: ['fine.check.test'], challenge: http }];
    const renewed = await world.run(['renew', '--all-due'], certificates, { issuer });
    assert.equal(renewed.status, 0, renewed.out + renewed.err);
    assert.ok(world.asked.includes('POST /order-plz'), world.asked.join('\n'));
    assert.match((await recordOf('dns-account-01')) ?? '', /^_[a-z2-7]{16}\._acme-challenge\.record\.test$/);
    // The one order that this CA allows was spent.
    only(await check('fine.check.test', http, { issuer }), 'limit-spent', /^orders: room again/);
  });

  it('the CA has answered that it has no key changes', async () => {
    const store = openStore({ path: join(world.stateDir, 'everbind.db'), clock: systemClock });
    const sql = "UPDATE account SET rollover_code = 'ACME_NOT_OFFERED'";
    await store.commit(({ db }) => assert.equal(db.prepare(sql).run().changes, 1));
    await store.close();
    // The test before has left that one spent.
    const others = async (issuer: Readonly<Record<string, unknown>>): Promise<readonly string[]> =>
      (await check('fine.check.test', http, { issuer })).findings
        .filter(({ code }) => code !== 'limit-spent')
        .map(({ code, severity, what }) => `${severity} ${code} ${what}`);
    assert.deepEqual(await others({}), [
      'doubtful key-change-missing pebble lists keyChange, and does not have it: the key of the account stays',
    ]);
    assert.deepEqual(await others({ accountKeyRolloverDays: 0 }), []);
  });
});
