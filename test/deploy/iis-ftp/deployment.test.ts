import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createIisFtpDeployment } from '../../../src/deploy/iis-ftp/deployment.ts';
import { createSiteChanges } from '../../../src/iis/change-sites.ts';
import type { FtpCertificate } from '../../../src/iis/config/inventory-types.ts';
import { readInventory } from '../../../src/iis/inventory.ts';
import { systemClock } from '../../../src/net/system.ts';
import type { Deployment, DeploymentPlan } from '../../../src/ports/deployment.ts';
import { coded } from '../../acme/support.ts';
import { createWorld, type World } from '../iis/fixture.ts';

const names = ['files.everbind.test'];
const stranger: FtpCertificate = { certificateHash: 'ab'.repeat(20), certificateStore: 'MY' };

function deploymentOf({ sim, own }: World, adopt: boolean, sites: readonly string[] = ['Files']): Deployment {
  return createIisFtpDeployment({
    host: sim.host,
    siteChanges: createSiteChanges(sim.host, systemClock, { backUp: true }),
    sites,
    adopt,
    store: 'WebHosting',
    ownThumbprints: () => own,
  });
}

async function ftpOf({ sim }: World): Promise<FtpCertificate | null> {
  return (await readInventory(sim.host)).sites.find(({ name }) => name === 'Files')?.ftp ?? null;
}

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
    const plan = journaled(await adopting.plan(first));
    assert.deepEqual(
      plan.changes.map(({ target, sites, replaces }) => [target, sites, replaces]),
      [['FTP certificate of Files', ['Files'], null]],
    );
    await adopting.apply(plan);
    await adopting.apply(plan);
    assert.deepEqual(await ftpOf(world), { certificateHash: first.thumbprint, certificateStore: 'WebHosting' });
    const [check] = await adopting.verify(plan, first);
    assert.equal(check?.outcome, 'verified');
    assert.equal(check.servedThumbprint, first.thumbprint);
    assert.deepEqual(codes(await adopting.plan(first)), ['already']);

    // The next one needs no adopting, and is taken back exactly.
    const second = await world.material(names, first.thumbprint);
    const strict = deploymentOf(world, false);
    await strict.install(second);
    const renewal = journaled(await strict.plan(second));
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
    assert.deepEqual(
      (await deployment.verify(plan, material)).map(({ code }) => code),
      ['IIS_CHANGE_DID_NOT_TAKE'],
    );
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
