import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { test } from 'node:test';
import { retireFrom } from '../../../src/deploy/iis/retire-from.ts';
import type { Inventory } from '../../../src/iis/config/inventory-types.ts';
import { readInventory } from '../../../src/iis/inventory.ts';
import type { CertificateMaterial, DeploymentPlan, EndpointCheck } from '../../../src/ports/deployment.ts';
import { createWorld, journaled, sitesOf, type World } from './fixture.ts';

const names = ['shop.everbind.test', '*.tenants.everbind.test', 'campaign.everbind.test'];

const hosts = (checks: readonly EndpointCheck[]): readonly string[] =>
  checks.map(({ host, outcome, code }) => `${host || '-'} ${outcome === 'verified' ? 'ok' : code}`).sort();

/** Something was seen, and all that was looked at; only sites that are stopped are not. */
function allSeen(checks: readonly EndpointCheck[]): void {
  const text = JSON.stringify(checks);
  ok(
    checks.some(({ outcome }) => outcome === 'verified'),
    text,
  );
  ok(
    checks.every(({ outcome, code }) => outcome === 'verified' || code === 'site-stopped'),
    text,
  );
}

async function installedPlan(
  world: World,
  previous: string | null = null,
): Promise<{ readonly material: CertificateMaterial; readonly plan: DeploymentPlan }> {
  const material = await world.material(names, previous);
  await world.deployment().install(material);
  return { material, plan: journaled(await world.deployment().plan(material)) };
}

test('the whole job: install, plan, apply, a handshake with every binding, retire', async () => {
  await using world = await createWorld();
  const deployment = world.deployment();
  const before = await world.held();
  const { material, plan } = await installedPlan(world);
  deepEqual(await world.held(), before, 'installing and planning change no record');
  deepEqual(
    plan.changes.map(({ target, sites, replaces }) => {
      equal(replaces, before[target.replace('http.sys record ', '')]);
      return [target, sites];
    }),
    [
      ['http.sys record *.tenants.everbind.test:443', ['Tenants']],
      ['http.sys record campaign.everbind.test:443', ['Campaign']],
      ['http.sys record shop.everbind.test:443', ['Shop']],
      ['http.sys record shop.everbind.test:8443', ['Shop']],
    ],
  );
  await deployment.apply(plan);
  const checks = await deployment.verify(plan, material);
  deepEqual(hosts(checks), [
    'campaign.everbind.test site-stopped',
    'everbind-probe.tenants.everbind.test ok',
    'shop.everbind.test ok',
    'shop.everbind.test ok',
  ]);
  match(checks.find(({ host }) => host.startsWith('campaign'))?.message ?? '', /not probed.*stopped.*Campaign/);
  equal(checks.filter(({ servedThumbprint }) => servedThumbprint === material.thumbprint).length, 3);
  deepEqual(await world.held(), {
    ...before,
    ...Object.fromEntries(
      plan.changes.map(({ target }) => [target.replace('http.sys record ', ''), material.thumbprint]),
    ),
  });

  // The next renewal: nothing is adopted any more, the earlier certificate is enough.
  const next = await world.material(names, material.thumbprint);
  const strict = world.deployment({ adopt: false, sites: [] });
  await strict.install(next);
  const second = journaled(await strict.plan(next));
  equal(second.changes.length, 4);
  equal(await strict.retire(material.thumbprint), false, 'still bound');
  await strict.apply(second);
  allSeen(await strict.verify(second, next));
  equal(await strict.retire(material.thumbprint), true);
  equal(await world.sim.host.certificates.find('WebHosting', material.thumbprint), null);
  equal(await strict.retire(material.thumbprint), true, 'safe to repeat');
});

test('a third plan has nothing to change and still probes', async () => {
  await using world = await createWorld();
  const { material, plan } = await installedPlan(world);
  await world.deployment().apply(plan);
  const again = journaled(await world.deployment().plan(material));
  deepEqual(again.changes, []);
  equal((await world.deployment().verify(again, material)).length, 4);
});

test('install: repeated without asking for the key again; roots are left out, intermediates go to CA', async () => {
  await using world = await createWorld();
  const material = await world.material(names);
  let asked = 0;
  const stranger = await world.ca.issue({ names: ['x.test'], notBefore: new Date(0), notAfter: new Date(1e12) });
  const counting: CertificateMaterial = {
    ...material,
    chain: [...material.chain.slice(0, 1), stranger.der, world.ca.der],
    attach: () => {
      asked += 1;
      return material.attach();
    },
  };
  await world.deployment().install(counting);
  await world.deployment().install(counting);
  equal(asked, 1);
  const found = await world.sim.host.certificates.find('WebHosting', material.thumbprint);
  deepEqual([found?.hasPrivateKey, found?.friendlyName], [true, 'shop (Everbind)']);
  deepEqual(
    (await world.sim.host.certificates.list('CA')).map(({ der }) => Buffer.from(der)),
    [Buffer.from(stranger.der)],
  );
});

test('install: a key stays in its provider, and the certificate that refers to it is served', async () => {
  await using world = await createWorld();
  const material = await world.providerMaterial(names);
  const deployment = world.deployment();
  let asked = 0;
  const counting: CertificateMaterial = {
    ...material,
    attach: () => {
      asked += 1;
      return material.attach();
    },
  };
  await deployment.install(counting);
  await deployment.install(counting);
  equal(asked, 1);
  const found = await world.sim.host.certificates.find('WebHosting', material.thumbprint);
  deepEqual([found?.hasPrivateKey, found?.friendlyName], [true, 'shop (Everbind)']);
  const plan = await deployment.plan(material);
  await deployment.apply(plan);
  const checks = await deployment.verify(plan, material);
  allSeen(checks);
});

test('install: nothing is stored when the provider does not have the key, or it is another one', async () => {
  await using world = await createWorld();
  const material = await world.providerMaterial(names);
  const other = await world.providerMaterial(names);
  const stranger = { ...material, attach: () => other.attach() };
  await rejects(world.deployment().install(stranger), { code: 'WIN_CALL_FAILED', status: 0x8009000d });
  const mixed = { ...material, attach: () => world.keys.attach(other.handle, material.chain) };
  await rejects(world.deployment().install(mixed), { code: 'KEY_NOT_POSSESSED' });
  await world.keys.destroy(material.handle);
  await rejects(world.deployment().install(material), { code: 'KEY_NOT_FOUND' });
  equal(await world.sim.host.certificates.find('WebHosting', material.thumbprint), null);
});

test('retire: the certificate goes and leaves its key to the key store', async () => {
  await using world = await createWorld();
  const material = await world.providerMaterial(names);
  await world.deployment().install(material);
  ok(await world.deployment().retire(material.thumbprint));
  equal(await world.sim.host.certificates.find('WebHosting', material.thumbprint), null);
  equal((await world.sim.snapshot()).keys.length, 1);
  await world.keys.destroy(material.handle);
  deepEqual((await world.sim.snapshot()).keys, []);
});

test('install: an import without effect is found out', async () => {
  await using world = await createWorld();
  const material = await world.material(names);
  await rejects(world.deployment().install({ ...material, chain: [] }), { code: 'IIS_CERTIFICATE_NOT_STORED' });
  const { host } = world.sim;
  const deaf = { ...host, certificates: { ...host.certificates, importWithKey: async () => {} } };
  await rejects(world.deployment({ host: deaf }).install(material), { code: 'IIS_CERTIFICATE_NOT_STORED' });
  await world.deployment().install(material);
});

test('install: a key is overwritten after use, also one that is refused', async () => {
  await using world = await createWorld();
  const material = await world.material(names);
  const other = await (await world.material(['other.test'])).attach();
  const own = await material.attach();
  ok(other.kind === 'pkcs8' && own.kind === 'pkcs8');
  const stranger = world.deployment().install({ ...material, attach: async () => other });
  await rejects(stranger, { code: 'WIN_CALL_FAILED', status: 0x8009000d });
  await world.deployment().install({ ...material, attach: async () => own });
  ok([...other.privateKey, ...own.privateKey].every((octet) => octet === 0));
});

test('a record that does not take: apply fails, restore brings everything back and says what is served', async () => {
  await using world = await createWorld();
  const before = await world.held();
  const { plan } = await installedPlan(world);
  const fault = await world.sim.faults.add({
    kind: 'record-sticks',
    key: { kind: 'hostnameport', host: 'shop.everbind.test', port: 8443 },
  });
  await rejects(world.deployment().apply(plan), { code: 'IIS_RECORD_DID_NOT_TAKE' });
  const checks = await world.deployment().restore(plan);
  allSeen(checks);
  ok(checks.some(({ servedThumbprint }) => servedThumbprint === world.seeded.get('shop.everbind.test:8443')));
  deepEqual(await world.held(), before);
  await world.sim.faults.remove(fault);
  await world.deployment().apply(plan);
});

test('a wrong certificate served: verify says which, restore leaves the earlier state', async () => {
  await using world = await createWorld();
  const before = await world.held();
  const { material, plan } = await installedPlan(world);
  await world.deployment().apply(plan);
  const fault = await world.sim.faults.add({
    kind: 'serve',
    host: 'shop.everbind.test',
    port: 8443,
    how: 'wrong-certificate',
  });
  const bad = (await world.deployment().verify(plan, material)).filter((check) => check.outcome === 'failed');
  deepEqual(
    bad.map(({ host, code }) => [host, code]),
    [['shop.everbind.test', 'VERIFY_WRONG_LEAF']],
  );
  const wrong = (await world.deployment().restore(plan)).filter((check) => check.outcome === 'failed');
  deepEqual(
    wrong.map(({ code }) => code),
    ['VERIFY_WRONG_LEAF'],
  );
  deepEqual(await world.held(), before);
  await world.sim.faults.remove(fault);
  allSeen(await world.deployment().restore(plan));
});

test('endpoints that reset or never respond are coded failures, not exceptions', async () => {
  await using world = await createWorld();
  const { material, plan } = await installedPlan(world);
  await world.deployment().apply(plan);
  await world.sim.faults.add({ kind: 'serve', host: 'shop.everbind.test', port: 443, how: 'reset' });
  await world.sim.faults.add({ kind: 'serve', host: 'shop.everbind.test', port: 8443, how: 'silence' });
  const checks = await world
    .deployment({ probeTimeoutMs: 300, patience: { pauseMs: 1, timeoutMs: 300 } })
    .verify(plan, material);
  deepEqual(
    checks
      .filter(({ outcome }) => outcome === 'failed')
      .map(({ code }) => code)
      .toSorted((left, right) => (left ?? '').localeCompare(right ?? '')),
    ['VERIFY_HANDSHAKE_FAILED', 'VERIFY_TIMEOUT'],
  );
});

test('a store Root that cannot be read is no reason to roll back', async () => {
  await using world = await createWorld();
  const { material, plan } = await installedPlan(world);
  await world.deployment().apply(plan);
  await world.sim.faults.add({ kind: 'fail', call: 'certificates.list', status: 5 });
  // Another chain than the one that is served: somebody has to look at roots.
  const other = await world.ca.issue({ names: ['ca.test'], notBefore: new Date(0), notAfter: new Date(1e12) });
  const more = { ...material, chain: [...material.chain.slice(0, 1), other.der] };
  const checks = (await world.deployment().verify(plan, more)).filter(
    ({ servedThumbprint }) => servedThumbprint !== null,
  );
  deepEqual(
    checks.map(({ outcome, findings }) => `${outcome} ${findings.map(({ code }) => code).join()}`),
    Array(3).fill('verified chain-other-path'),
  );
});

test('killed in the middle of apply: repeating it finishes, restore brings the records back', async () => {
  for (const nth of [1, 2, 3, 4]) {
    await using world = await createWorld();
    const before = await world.held();
    const { material, plan } = await installedPlan(world);
    await world.sim.faults.add({
      kind: 'fail',
      call: 'sslRecords.update',
      status: 31,
      nth,
      times: 1,
      afterEffect: nth % 2 === 0,
    });
    await rejects(world.deployment().apply(plan), { code: 'WIN_CALL_FAILED' });
    if (nth > 2) {
      await world.deployment().apply(plan);
      allSeen(await world.deployment().verify(plan, material));
    }
    allSeen(await world.deployment().restore(plan));
    deepEqual(await world.held(), before);
  }
});

test('restore keeps a record that somebody else changed meanwhile', async () => {
  await using world = await createWorld();
  const { plan } = await installedPlan(world);
  await world.deployment().apply(plan);
  const key = { kind: 'hostnameport', host: 'shop.everbind.test', port: 443 } as const;
  const record = await world.sim.host.sslRecords.query(key);
  ok(record !== null);
  await world.sim.host.sslRecords.update({ ...record, flags: 2 });
  await rejects(world.deployment().restore(plan), { code: 'IIS_RECORD_CHANGED_BY_OTHERS' });
  equal((await world.sim.host.sslRecords.query(key))?.flags, 2);
  equal((await world.held())['shop.everbind.test:8443'], world.seeded.get('shop.everbind.test:8443'));
});

// microsoft/IIS.Administration#284: a certificate goes from the store while records still hold it.
test('restore leaves the new certificate where somebody deleted the one before, and restores the rest', async () => {
  const sites = {
    Gone: [
      ['*:443:a.everbind.test', 1],
      ['*:443:b.everbind.test', 1],
    ],
  } as const;
  await using world = await createWorld({ applicationHostConfig: sitesOf(sites) });
  const { host } = world.sim;
  const material = await world.material(['a.everbind.test', 'b.everbind.test']);
  const deployment = world.deployment();
  await deployment.install(material);
  const before = await world.held();
  const plan = journaled(await deployment.look(await deployment.plan(material)));
  equal(plan.changes.length, 2);
  await deployment.apply(plan);
  const record = await host.sslRecords.query({ kind: 'hostnameport', host: 'a.everbind.test', port: 443 });
  ok(record !== null);
  const gone = before['a.everbind.test:443'] ?? '';
  ok(await host.certificates.find('MY', gone));
  await host.certificates.remove('MY', gone);
  const restoring = deployment.restore(plan);
  await rejects(restoring, { code: 'IIS_RECORD_NOT_RESTORABLE' });
  const after = await world.held();
  equal(after['a.everbind.test:443'], material.thumbprint);
  equal(after['b.everbind.test:443'], before['b.everbind.test:443']);
  // The next plan begins with what is there, and takes.
  const again = journaled(await deployment.look(await deployment.plan(material)));
  deepEqual(
    again.changes.map(({ target }) => target),
    ['http.sys record b.everbind.test:443'],
  );
  await deployment.apply(again);
  allSeen(await deployment.verify(again, material));
});

test('restore removes a record that the plan created', async () => {
  await using world = await createWorld();
  const key = { kind: 'hostnameport', host: 'shop.everbind.test', port: 443 } as const;
  await world.sim.host.sslRecords.remove(key);
  const { material, plan } = await installedPlan(world);
  await world.deployment().apply(plan);
  equal((await world.held())['shop.everbind.test:443'], material.thumbprint);
  // Without its record the catch-all serves: that was never ours to judge.
  allSeen(await world.deployment().restore(plan));
  equal(await world.sim.host.sslRecords.query(key), null);
});

test('retire: never what is bound, in a stopped site or an FTP setting too, and never what is not ours', async () => {
  await using world = await createWorld();
  const deployment = world.deployment();
  const { material, plan } = await installedPlan(world);
  const theirs = world.seeded.get('campaign.everbind.test:443') ?? '';
  equal(await deployment.retire(theirs), false, 'not ours');
  await deployment.apply(plan);
  equal(await deployment.retire(theirs), false, 'not ours, though nothing names it any more');
  equal(await deployment.retire(material.thumbprint), false, 'bound');
  world.own.set(theirs, 'shop');
  const set = await world.sim.host.appcmd([
    'set',
    'site',
    '/site.name:Files',
    `/ftpServer.security.ssl.serverCertHash:${theirs.toUpperCase()}`,
  ]);
  equal(set.exitCode, 0);
  equal(await deployment.retire(theirs), false, 'FTP');
  await world.sim.host.appcmd([
    'set',
    'site',
    '/site.name:Files',
    `/ftpServer.security.ssl.serverCertHash:${'00'.repeat(20)}`,
  ]);
  equal(await deployment.retire(theirs.toUpperCase()), true);
  for (const store of ['MY', 'WebHosting'] as const) equal(await world.sim.host.certificates.find(store, theirs), null);
});

test('retire: not what somebody binds while the inventory is read', async () => {
  await using world = await createWorld();
  const { host } = world.sim;
  const { material, plan } = await installedPlan(world);
  await world.deployment().apply(plan);
  const theirs = world.seeded.get('campaign.everbind.test:443') ?? '';
  const bind = async (): Promise<Inventory> => {
    const inventory = await readInventory(host);
    const record = (await host.sslRecords.enumerate()).find((one) => one.certificateHash === material.thumbprint);
    ok(record !== undefined);
    await host.sslRecords.update({ ...record, certificateHash: theirs, certificateStore: 'MY' });
    return inventory;
  };
  equal(await retireFrom(host, new Map([[theirs, 'shop']]), theirs, bind), false);
  ok((await host.certificates.find('MY', theirs)) !== null);
});

test('a journaled plan that is damaged is refused', async () => {
  await using world = await createWorld();
  const { material, plan } = await installedPlan(world);
  const deployment = world.deployment();
  for (const broken of [
    { ...plan, snapshot: null },
    { ...plan, snapshot: [{ key: { kind: 'ipport' }, before: null, after: null }] },
  ]) {
    await rejects(async () => deployment.apply(broken), { code: 'IIS_PLAN_INVALID' });
    await rejects(async () => deployment.restore(broken), { code: 'IIS_PLAN_INVALID' });
  }
  const [first] = endpointsIn(plan);
  const damaged: readonly DeploymentPlan['detail'][] = [
    null,
    { endpoints: [{}] },
    { endpoints: [{ ...first, skip: 'x' }] },
    { endpoints: [{ ...first, rival: {} }] },
    { endpoints: [{ ...first, advisory: 1 }] },
    { endpoints: [], before: null },
    { endpoints: [], before: [{ key: '127.0.0.1:443 shop' }] },
    { endpoints: [], before: [{ thumbprint: 'x' }] },
  ];
  for (const detail of damaged) {
    await rejects(async () => deployment.verify({ ...plan, detail }, material), { code: 'IIS_PLAN_INVALID' });
  }
});

function endpointsIn(plan: DeploymentPlan): readonly Record<string, string>[] {
  return (plan.detail as unknown as { endpoints: Record<string, string>[] }).endpoints;
}
