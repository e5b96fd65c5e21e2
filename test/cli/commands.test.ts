import assert from 'node:assert/strict';
import { EverbindError } from '../../src/errors/error.ts';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { type CliWorld, startCliWorld } from './world.ts';

// The life of a server's certificates, command by command; each test goes on where the one before it ended.

let world: CliWorld;
before(async () => {
  world = await startCliWorld();
});
after(() => world.stop());

test('scan says what is served and for how long', async () => {
  const { status, out, err } = await world.run(['scan']);
  assert.equal(status, 0, out + err);
  assert.match(out, /^SITE +BINDING +ISSUER +DAYS +STATE$/m);
  assert.match(out, /Shop +\*:443:shop\.cli\.test .* [45] +ok/);
  assert.match(out, /3 sites, 4 https bindings: 0 with a problem, 4 about to expire\./);
  const { value } = await world.json('scan', '--no-probe');
  assert.equal(value['bindings']?.['length'], 4);
  assert.equal(value['bindings']?.[0]?.['note'], 'not contacted');
});

test('a command that needs the database says so before there is one', async () => {
  const { status, out, err } = await world.run(['list']);
  assert.deepEqual([status, out], [2, '']);
  assert.match(err, /STORE_NOT_FOUND/);
});

test('add declares a certificate, keeps every comment, and does not adopt when nobody answers', async () => {
  const added = await world.run(['add', 'blog', '--site', 'Blog']);
  assert.equal(added.status, 0, added.err);
  assert.equal(added.questions.length, 1);
  assert.match(added.err, /Blog: \*:443:blog\.cli\.test/);
  assert.match(
    added.out.replaceAll(/\n +/g, ' '),
    /^note {2}bindings that hold a certificate that Everbind did not install are skipped/m,
  );
  const text = await readFile(world.configFile, 'utf8');
  assert.match(text, /^# Our server\. Ask Ada before changing\.$/m);
  assert.match(text, /# for trying things/);
  assert.match(text, /adopt: false/);
});

test('add adopts when the question is answered with yes, or by --adopt without one', async () => {
  const asked = await world.run(['add', 'shop', '--site', 'shop', '--issuer', 'pebble'], { answers: ['Yes'] });
  assert.equal(asked.status, 0, asked.err);
  assert.doesNotMatch(asked.out, /are skipped/);
  const { status, value } = await world.json('add', 'all', '--site', 'id:3', '--names', 'all.cli.test', '--adopt');
  assert.equal(status, 0);
  assert.deepEqual(value['certificates']?.[0]?.['deployments'], [{ type: 'iis', sites: ['id:3'], adopt: true }]);
  const text = await readFile(world.configFile, 'utf8');
  assert.equal(text.match(/adopt: true/g)?.length, 2);
  assert.match(text, /- shop\.cli\.test\n +- www\.shop\.cli\.test|\[ ?shop\.cli\.test, www\.shop\.cli\.test ?\]/);
});

test('add refuses a name that is taken, a site that is not there, and a certificate without names', async () => {
  const before = await readFile(world.configFile, 'utf8');
  for (const args of [
    ['add', 'shop', '--site', 'Shop', '--adopt'],
    ['add', 'x', '--site', 'Nowhere', '--adopt'],
    ['add', 'x', '--site', 'Everything', '--adopt'],
    ['add', 'x', '--names', 'x.cli.test', '--key', 'rsa-1024'],
    ['add', 'UPPER', '--names', 'x.cli.test'],
  ]) {
    const { status, err } = await world.run(args);
    assert.equal(status, 2, args.join(' '));
    assert.match(err, /\[(CLI_USAGE|CONFIG_NOT_ADDED)\]/);
  }
  assert.equal(await readFile(world.configFile, 'utf8'), before);
});

test('config check knows the file', async () => {
  const { status, out } = await world.run(['config', 'check']);
  assert.equal(status, 0);
  assert.match(out, /1 issuer, 3 certificates/);
});

test('a dry run says what would change and changes nothing', async () => {
  const before = await world.sim.snapshot();
  const { status, out } = await world.run(['renew', '--all-due', '--dry-run']);
  assert.equal(status, 0);
  assert.match(out, /^ {2}order {5}shop\.cli\.test, www\.shop\.cli\.test at pebble/m);
  assert.match(out, /^ {2}change {4}http\.sys record shop\.cli\.test:443 \(Shop\)/m);
  assert.match(out, /^ {2}skipped {3}http\.sys record blog\.cli\.test:443: .*/m);
  assert.match(out, /^ {2}note {6}http\.sys record 0\.0\.0\.0:8443: /m);
  assert.match(out, /Nothing was changed/);
  const { value } = await world.json('renew', 'shop', '--dry-run');
  assert.equal(value['certificates']?.['length'], 1);
  assert.deepEqual(await world.sim.snapshot(), before);
  assert.equal((await world.run(['list'])).status, 2, 'not even a database was made');
});

test('renew says which certificates to name, and refuses both kinds of choice at once', async () => {
  for (const args of [['renew'], ['renew', 'shop', '--all-due']]) {
    const { status, err } = await world.run(args);
    assert.equal(status, 2);
    assert.match(err, /CLI_USAGE/);
  }
});

test('renew NAME renews this one alone', async () => {
  const { status, out, err } = await world.run(['renew', 'shop']);
  assert.equal(status, 0, out + err);
  assert.match(out, /^renewed {5}shop: 89 days, 2 endpoints verified, next in \d+ d$/m);
  assert.match(out, /1 renewed, 0 rolled back, 0 failed; 0 not due\./);
  assert.equal(err, '', 'no progress without a terminal');
});

test('account rollover gives the account a new key; status says how old it is', async () => {
  const { value: before } = await world.json('status');
  const [old] = before['accounts'] as unknown as readonly { readonly issuer: string; readonly keyHandle: string }[];
  assert.ok(old !== undefined);
  const done = await world.json('account', 'rollover', old.issuer);
  assert.deepEqual([done.status, done.value['ok'], done.value['before']], [0, true, old.keyHandle]);
  const { value: after } = await world.json('status');
  const [account] = after['accounts'] as unknown as readonly { readonly keyHandle: string; readonly url: string }[];
  assert.deepEqual([account?.keyHandle, account?.url], [done.value['key'], done.value['url']]);
  assert.match(
    (await world.run(['status'])).out,
    new RegExp(`^account +${old.issuer} at 127\\.0\\.0\\.1:\\d+: key made (now|\\d+ min ago)$`, 'm'),
  );
  const text = await world.run(['account', 'rollover', old.issuer]);
  assert.match(text.out, /^new key software:account-[0-9a-f]+ for the account\s+https:/);
  const nobody = await world.run(['account', 'rollover', 'nobody']);
  assert.deepEqual([nobody.status, nobody.out], [2, '']);
  assert.match(nobody.err, /RENEWAL_NO_ACCOUNT/);
});

test('renew --all-due renews the rest and tells the operator what was skipped', async () => {
  const { status, out } = await world.run(['renew', '--all-due'], { interactive: true });
  assert.equal(status, 0, out);
  assert.match(out, /^ {4}http\.sys record blog\.cli\.test:443: .*/m);
  assert.match(out.replaceAll(/\n +/g, ' '), /\[not-adopted\]/);
  assert.doesNotMatch(out, /catch-all-adopted/, 'that is for the dry run');
  const { value } = await world.json('renew', '--all-due');
  assert.deepEqual(
    [value['managed'], value['renewed'], value['notDue'], value['certificates']?.['length']],
    [3, 0, 3, 0],
  );
});

test('renew NAME of one that is not due says when it is', async () => {
  const { status, out } = await world.run(['renew', 'shop', 'blog']);
  assert.equal(status, 0);
  assert.match(out.replaceAll(/\n +/g, ' '), /not due +shop: next in \d+ d \(.+\); --force renews it now/);
  assert.match(out, /not due +blog/);
  const { value } = await world.json('renew', 'shop');
  assert.equal(value['waiting']?.[0]?.['name'], 'shop');
  assert.equal(typeof value['waiting']?.[0]?.['nextDue'], 'number');
});

test('an interrupted renew says so by its code, leaves nothing half-done, and is gone on with', async () => {
  const stop = new AbortController();
  const interrupt = (): void => stop.abort(new EverbindError('CLI_INTERRUPTED', 'the command was interrupted'));
  const { status, err } = await world.run(['renew', 'shop', '--force'], {
    interactive: true,
    signal: stop.signal,
    onErr: (text) => {
      if (text.includes('shop')) interrupt();
    },
  });
  assert.equal(status, 130, err);
  assert.match(err, /CLI_INTERRUPTED/);
  const { value } = await world.json('renew', '--all-due');
  assert.deepEqual([value['renewed'], value['failed']], [1, 0]);
  const { value: log } = await world.json('audit', 'log', '--subject', 'shop', '--limit', '12');
  assert.ok(JSON.stringify(log).includes('renewal.resumed'));
});

test('a dry run by name says what --force alone would renew', async () => {
  const summary = async (...args: readonly string[]): Promise<string | undefined> =>
    (await world.run(['renew', 'shop', '--dry-run', ...args])).out.trimEnd().split('\n').at(-1);
  assert.match((await world.run(['renew', 'shop'])).out, /^not due +shop/m);
  assert.equal(await summary(), '0 certificates would be renewed, 1 with --force only. Nothing was changed.');
  assert.equal(await summary('--force'), '1 certificate would be renewed. Nothing was changed.');
});

test('renew --force renews what is not due; an unknown name is an error and renews nothing', async () => {
  const before = (await world.json('show', 'shop')).value;
  const unknown = await world.run(['renew', 'nosuch', 'shop', '--force']);
  assert.equal(unknown.status, 2);
  assert.match(unknown.err, /RENEWAL_UNKNOWN_CERTIFICATE/);
  const { status, value } = await world.json('renew', 'shop', '--force');
  assert.equal(status, 0);
  assert.equal(value['certificates']?.[0]?.['kind'], 'renewed');
  const thumbprint = before['certificate'] && before['issued']?.[0]?.['thumbprint'];
  assert.notEqual(value['certificates']?.[0]?.['thumbprint'], thumbprint);
});

test('progress is one line that a terminal rewrites', async () => {
  const { err, out } = await world.run(['renew', 'shop', '--force'], { interactive: true });
  assert.ok(err.includes('\r\u001b[2K'));
  assert.match(err, /0 done, 0 failed; shop: order\.created/);
  assert.ok(err.endsWith('\r\u001b[2K'), 'cleared at the end');
  assert.ok(!out.includes('\u001b'));
});

test('list and status sum up', async () => {
  const { status, out } = await world.run(['list']);
  assert.equal(status, 0);
  assert.match(out, /^shop +shop\.cli\.test \+1 +89 +in \d+ d +ok$/m);
  // Its only binding holds a certificate that Everbind did not install: it was renewed, and no visitor gets it.
  assert.match(out, /^blog +blog\.cli\.test +89 +in \d+ d +served nowhere$/m);
  assert.match(out, /\nblog: no binding has it; see everbind show blog\n/);
  const { value: listed } = await world.json('list');
  assert.deepEqual(
    Array.from({ length: 3 }, (_, index) => listed['certificates']?.[index]?.['servedNowhere']),
    [false, true, false],
  );
  const summary = await world.run(['status']);
  assert.equal(summary.status, 1, summary.out);
  assert.match(summary.out, /^attention {2}3 certificates managed$/m);
  assert.match(summary.out, /^served nowhere +blog: no binding has it/m);
  const { value } = await world.json('status');
  assert.deepEqual([value['ok'], value['managed'], value['failing'], value['servedNowhere']], [false, 3, 0, ['blog']]);
});

test('show tells the history of one', async () => {
  const { status, out } = await world.run(['show', 'shop']);
  assert.equal(status, 0);
  assert.match(out, /^active +[0-9a-f]{40}, 89 days/m);
  assert.match(out, /^previous +[0-9a-f]{40}/m);
  assert.match(out, /^validate +http-01 \(auto\)$/m);
  assert.match(out, /^deployed to +IIS site shop$/m);
  assert.match((await world.run(['show', 'blog'])).out, /^served +nowhere: no binding has it/m);
  assert.equal((await world.run(['show', 'nosuch'])).status, 2);
});

test('rollback asks first, then puts the previous certificate back', async () => {
  const before = (await world.json('show', 'shop')).value;
  const cancelled = await world.run(['rollback', 'shop'], { answers: ['n'] });
  assert.equal(cancelled.status, 1);
  assert.match(cancelled.err, /CLI_CANCELLED/);
  assert.equal((await world.run(['rollback', 'shop'])).status, 1, 'nobody answered');
  const { status, out, err } = await world.run(['rollback', 'shop'], { answers: ['y'] });
  assert.equal(status, 0, out + err);
  assert.match(out, /^rolled back shop: 89 days, 2 endpoints verified/m);
  const now = (await world.json('show', 'shop')).value;
  assert.equal(now['issued']?.[0]?.['thumbprint'], before['issued']?.[1]?.['thumbprint']);
  const without = await world.run(['rollback', 'blog', '--yes']);
  assert.equal(without.status, 1);
  assert.match(without.err, /RENEWAL_NO_PREVIOUS/);
});

test('revoke asks first, revokes at the CA, and makes a new certificate due', async () => {
  assert.equal((await world.run(['revoke', 'shop'], { answers: [''] })).status, 1);
  const { status, out, err } = await world.run(['revoke', 'shop', '--reason', 'superseded', '--yes']);
  assert.equal(status, 0, out + err);
  assert.match(out, /^revoked [0-9a-f]{40}$/m);
  assert.match((await world.run(['list'])).out, /^shop .* (due|new)$/m);
  const { value } = await world.json('renew', '--all-due');
  assert.deepEqual([value['renewed'], value['failed']], [1, 0]);
  const byKey = await world.run(['revoke', 'blog', '--with-certificate-key', '--yes']);
  assert.equal(byKey.status, 0, byKey.err);
  assert.equal((await world.run(['revoke', 'blog', '--reason', 'boredom', '--yes'])).status, 2);
});

test('a failure has its code, the next attempt, and its exit status', async () => {
  await world.sim.faults.add({
    kind: 'record-sticks',
    key: { kind: 'hostnameport', host: 'shop.cli.test', port: 443 },
  });
  const { status, out } = await world.run(['renew', 'shop', 'all', '--force']);
  assert.equal(status, 3, 'one failed and one did not');
  assert.match(out, /^rolled back shop \[IIS_RECORD_DID_NOT_TAKE\]$/m);
  assert.match(out, /next attempt in 1 min/);
  const list = await world.run(['list']);
  assert.match(list.out, /^shop .* failed 1x$/m);
  assert.doesNotMatch(list.out, /has changed/);
  assert.match(list.out, /shop: IIS_RECORD_DID_NOT_TAKE; see everbind show shop/);
  assert.equal((await world.run(['status'])).status, 1);
  const { out: plan } = await world.run(['renew', 'shop', '--force', '--dry-run']);
  assert.match(plan, /^ {2}resume .*after step issued$/m);
  assert.match(plan, /^ {2}change /m);
  assert.doesNotMatch(plan, /^ {2}(order|key|validate) /m, 'the certificate is there already');
  const { status: alone, value } = await world.json('renew', 'shop', '--force');
  assert.equal(alone, 1);
  assert.equal(value['rolledBack'], 1);
});

test('a dry run shows what a changed everbind.yaml would do, and the change is still to come', async () => {
  const added = await world.run(['add', 'later', '--site', 'Blog', '--names', 'later.cli.test', '--adopt']);
  assert.equal(added.status, 0, added.err);
  const before = (await world.json('audit', 'verify')).value;
  const { status, out, err } = await world.run(['renew', '--all-due', '--dry-run']);
  assert.equal(status, 0, err);
  assert.match(out, /^later \(due now: new\)$/m);
  assert.equal((await world.json('list')).value['configChanged'], true);
  assert.deepEqual((await world.json('audit', 'verify')).value, before);
});
