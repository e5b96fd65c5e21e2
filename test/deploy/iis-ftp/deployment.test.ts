import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createIisFtpDeployment } from '../../../src/deploy/iis-ftp/deployment.ts';
import { createSiteChanges } from '../../../src/iis/change-sites.ts';
import type { FtpCertificate } from '../../../src/iis/config/inventory-types.ts';
import { readInventory } from '../../../src/iis/inventory.ts';
import { systemClock } from '../../../src/net/system.ts';
import type { Deployment, DeploymentPlan, EndpointCheck } from '../../../src/ports/deployment.ts';
import { coded } from '../../acme/support.ts';
import { createWorld, type World } from '../iis/fixture.ts';

const names = ['files.everbind.test'];
const stranger: FtpCertificate = { certificateHash: 'ab'.repeat(20), certificateStore: 'MY' };

function deploymentOf({ sim, own, ca }: World, adopt: boolean, sites: readonly string[] = ['Files']): Deployment {
  return createIisFtpDeployment({
    host: sim.host,
    siteChanges: createSiteChanges(sim.host, systemClock, { backUp: true }),
    sites,
    adopt,
    store: 'WebHosting',
    ownThumbprints: () => own,
    clock: { now: Date.now, sleep: () => Promise.resolve() },
    visitorRoots: async () => [ca.der],
  });
}

async function ftpOf({ sim }: World): Promise<FtpCertificate | null> {
  return (await readInventory(sim.host)).sites.find(({ name }) => name === 'Files')?.ftp ?? null;
}

const outcomes = (checks: readonly EndpointCheck[]): readonly string[] =>
  checks.map(({ outcome, code }) => `${outcome} ${code ?? '-'}`);
// The journal keeps plans as JSON.
const journaled = (plan: DeploymentPlan): DeploymentPlan => JSON.parse(JSON.stringify(plan)) as DeploymentPlan;
const codes = ({ skipped }: DeploymentPlan): readonly string[] => skipped.map(({ code }) => code);

describe('the FTP deployment', () => {
  it('installs, sets, reads back, renews, takes back, retires', async () => {
    await using world = await createWorld();
    const first = await world.material(names);
    const adopting = deploymentOf(world, true);
    await adopting.install(first);
    assert.equal(await ftpOf(world), null);
    const plan = journaled(await adopting.look(await adopting.plan(first)));
    assert.deepEqual(
      plan.changes.map(({ target, sites, replaces }) => [target, sites, replaces]),
      [['FTP certificate of Files', ['Files'], null]],
    );
    await adopting.apply(plan);
    await adopting.apply(plan);
    assert.deepEqual(await ftpOf(world), { certificateHash: first.thumbprint, certificateStore: 'WebHosting' });
    const [check] = await adopting.verify(plan, first);
    assert.equal(check?.outcome, 'verified', check?.message ?? '');
    assert.match(check.endpoint, /^127\.0\.0\.1:\d+$/);
    assert.equal(check.servedThumbprint, first.thumbprint);
    // It has it, so nothing changes; whether visitors get it is asked all the same.
    const again = journaled(await adopting.look(await adopting.plan(first)));
    assert.deepEqual([again.changes, again.skipped], [[], []]);
    assert.deepEqual(outcomes(await adopting.verify(again, first)), ['verified -']);

    // The next one needs no adopting, and is taken back exactly.
    const second = await world.material(names, first.thumbprint);
    const strict = deploymentOf(world, false);
    await strict.install(second);
    const renewal = journaled(await strict.look(await strict.plan(second)));
    assert.equal(renewal.changes[0]?.replaces, first.thumbprint);
    await strict.apply(renewal);
    assert.equal((await ftpOf(world))?.certificateHash, second.thumbprint);
    assert.equal(await strict.retire(second.thumbprint), false);
    assert.deepEqual(
      (await strict.restore(renewal)).map(({ outcome }) => outcome),
      ['verified'],
    );
    await strict.restore(renewal);
    assert.equal((await ftpOf(world))?.certificateHash, first.thumbprint);
    assert.equal(await strict.retire(second.thumbprint), true);
    assert.equal(await world.sim.host.certificates.find('WebHosting', second.thumbprint), null);

    // Back to where there was none.
    await adopting.restore(plan);
    assert.equal(await ftpOf(world), null);
  });

  it('skips what is not its own, and says why', async () => {
    await using world = await createWorld();
    const material = await world.material(names);
    const plan = await deploymentOf(world, false, ['Files', 'Shop', 'id:99']).plan(material);
    assert.deepEqual(plan.changes, []);
    assert.deepEqual(codes(plan), ['no-ftp-binding', 'no-certificate', 'site-missing']);
    await createSiteChanges(world.sim.host, systemClock, { backUp: false }).setFtpCertificate('Files', stranger);
    assert.deepEqual(codes(await deploymentOf(world, false).plan(material)), ['foreign-certificate']);
    assert.equal((await deploymentOf(world, true).plan(material)).changes.length, 1);
  });

  it('does not write over what somebody else has set meanwhile, neither forward nor back', async () => {
    await using world = await createWorld();
    const material = await world.material(names);
    const deployment = deploymentOf(world, true);
    await deployment.install(material);
    const plan = journaled(await deployment.plan(material));
    const others = createSiteChanges(world.sim.host, systemClock, { backUp: false });
    await others.setFtpCertificate('Files', stranger);
    await assert.rejects(deployment.apply(plan), coded('IIS_RECORD_CHANGED_BY_OTHERS'));
    await assert.rejects(deployment.restore(plan), coded('IIS_RECORD_CHANGED_BY_OTHERS'));
    assert.deepEqual(await ftpOf(world), stranger);
    const [read] = await deployment.verify(plan, material);
    assert.deepEqual([read?.outcome, read?.code], ['failed', 'IIS_CHANGE_DID_NOT_TAKE']);
  });

  it('takes back what is there when a site is gone or cannot be changed, and says so', async () => {
    await using world = await createWorld();
    const material = await world.material(names);
    const deployment = deploymentOf(world, true);
    await deployment.install(material);
    const plan = journaled(await deployment.plan(material));
    const [change] = plan.snapshot as readonly Record<string, string | null>[];
    const withGone = { ...plan, snapshot: [{ ...change, site: 'Gone' }, { ...change }] } as DeploymentPlan;
    await deployment.apply(plan);
    await assert.rejects(deployment.restore(withGone), coded('IIS_SITE_UNKNOWN'));
    assert.equal(await ftpOf(world), null);
    // What may heal counts for more than what nobody can restore.
    await deployment.apply(plan);
    await world.sim.faults.add({ kind: 'appcmd', exitCode: 5, stdout: '', words: ['set', 'config'] });
    await assert.rejects(deployment.restore(withGone), coded('IIS_ACCESS_DENIED'));
  });

  it('says when the change fails, and the state before is still there', async () => {
    await using world = await createWorld();
    const material = await world.material(names);
    const deployment = deploymentOf(world, true);
    await deployment.install(material);
    const plan = journaled(await deployment.plan(material));
    await world.sim.faults.add({ kind: 'appcmd', exitCode: 5, stdout: '', words: ['set', 'config'] });
    await assert.rejects(deployment.apply(plan), coded('IIS_ACCESS_DENIED'));
    await world.sim.faults.clear();
    assert.equal(await ftpOf(world), null);
    await deployment.restore(plan);
    await assert.rejects(deployment.restore({ ...plan, snapshot: [{ site: 7 }] }), coded('IIS_PLAN_INVALID'));
  });
});

const ftpSites = (...sites: readonly (readonly [name: string, binding: string, more?: string])[]): Buffer =>
  Buffer.from(
    `<configuration><system.applicationHost><sites>${sites
      .map(
        ([name, binding, more = ''], index) =>
          `<site name="${name}" id="${index + 1}"${more}><application path="/"><virtualDirectory path="/" physicalPath="C:\\ftp" />
           </application><bindings><binding protocol="ftp" bindingInformation="${binding}" /></bindings></site>`,
      )
      .join('')}</sites></system.applicationHost></configuration>`,
  );

describe('what visitors of an FTP site get', () => {
  it('is seen by a handshake on the port of implicit FTPS, and under the host of the binding', async () => {
    const sites = ftpSites(['Implicit', '*:990:'], ['Named', '*:21:files.everbind.test'], ['Other', '*:21:']);
    await using world = await createWorld({ applicationHostConfig: sites });
    const material = await world.material(names);
    const deployment = deploymentOf(world, true, ['Implicit', 'Named']);
    await deployment.install(material);
    const plan = journaled(await deployment.look(await deployment.plan(material)));
    await deployment.apply(plan);
    const checks = await deployment.verify(plan, material);
    assert.deepEqual(outcomes(checks), ['verified -', 'verified -']);
    assert.deepEqual(
      checks.map(({ host }) => host),
      ['', 'files.everbind.test'],
    );
  });

  it('is not called verified where no service listens, nor rolled back: it was so before', async () => {
    const sites = ftpSites(['Files', '*:21:', ' serverAutoStart="false"']);
    await using world = await createWorld({ applicationHostConfig: sites });
    const material = await world.material(names);
    const deployment = deploymentOf(world, true);
    await deployment.install(material);
    const plan = journaled(await deployment.look(await deployment.plan(material)));
    await deployment.apply(plan);
    assert.deepEqual(outcomes(await deployment.verify(plan, material)), ['not-checked no-address']);
  });

  it('fails when it is the wrong name or another certificate, and is a doubt when it is the one from before', async () => {
    await using world = await createWorld();
    const first = await world.material(names);
    const deployment = deploymentOf(world, true);
    await deployment.install(first);
    const before = journaled(await deployment.look(await deployment.plan(first)));
    await deployment.apply(before);
    const second = await world.material(names, first.thumbprint);
    await deployment.install(second);
    const plan = journaled(await deployment.look(await deployment.plan(second)));
    // Nothing was applied: the service goes on with the one from before.
    const [read, seen] = await deployment.verify(plan, second);
    assert.deepEqual([read?.outcome, seen?.outcome, seen?.code], ['failed', 'failed-before', 'VERIFY_WRONG_LEAF']);
    assert.match(seen?.message ?? '', /ftpsvc/);
    assert.equal(seen?.servedThumbprint, first.thumbprint);
    // Another one than either.
    const third = await world.material(names);
    await deployment.install(third);
    await createSiteChanges(world.sim.host, systemClock, { backUp: false }).setFtpCertificate('Files', {
      certificateHash: third.thumbprint,
      certificateStore: 'WebHosting',
    });
    const [, other] = await deployment.verify(plan, second);
    assert.deepEqual([other?.outcome, other?.code], ['failed', 'VERIFY_WRONG_LEAF']);
  });

  it('is not asked about by a plan from before handshakes were made', async () => {
    await using world = await createWorld();
    const material = await world.material(names);
    const deployment = deploymentOf(world, true);
    await deployment.install(material);
    const plan = { ...journaled(await deployment.plan(material)), detail: null };
    await deployment.apply(plan);
    assert.deepEqual(outcomes(await deployment.verify(plan, material)), ['not-checked no-address']);
    assert.deepEqual(await deployment.restore(plan), []);
  });
});
