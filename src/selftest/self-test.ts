import { createHash } from 'node:crypto';
import { createIisDeployment } from '../deploy/iis/deployment.ts';
import { EverbindError } from '../errors/error.ts';
import { recordKeyText } from '../iis/records/ssl-record.ts';
import { buildCsr } from '../pki/x509/csr.ts';
import type { Clock } from '../ports/clock.ts';
import type { CertificateMaterial, Deployment, DeploymentPlan, EndpointCheck } from '../ports/deployment.ts';
import type { CertificateKeyAlgorithm, KeyStore } from '../ports/key-store.ts';
import type { Random } from '../ports/random.ts';
import type { SslRecord, WindowsHost } from '../ports/windows-host.ts';
import type { Probe } from '../verify/probe.ts';
import { findTraces, removeTraces } from './clean-up.ts';
import { serveAndAsk } from './http-response.ts';
import { createLocalCa } from './local-ca.ts';
import { FRIENDLY_NAME, HOST, KEYS, SITE, STORE } from './names.ts';
import { createSteps, type StepResult } from './steps.ts';
import { makeSite } from './temporary-site.ts';

export interface SelfTestOptions {
  readonly host: WindowsHost;
  /** Where the keys of the test are created. */
  readonly keys: KeyStore;
  readonly algorithm: CertificateKeyAlgorithm;
  readonly probe: Probe;
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
  onStep(result: StepResult): void;
}

interface Installed {
  readonly material: CertificateMaterial;
  readonly plan: DeploymentPlan;
}

/**
 * Renews a certificate of a temporary site on this server, rolls it back, and removes everything again. The code, the
 * calls and their order are those of a real renewal; only the CA is our own. Never throws: a step that fails ends the
 * test, and everything that was created is removed in any case.
 */
export async function runSelfTest(options: SelfTestOptions): Promise<readonly StepResult[]> {
  const { host, keys, signal } = options;
  const steps = createSteps(options.clock, signal, options.onStep);
  await steps.run('host', async () => {
    const { os, elevated, iisVersion, roleServices } = await host.describe();
    const rights = elevated ? 'elevated' : 'not elevated';
    return `${os}, IIS ${iisVersion ?? 'absent'} (${roleServices.join(', ')}), ${rights}`;
  });
  // Holds the URL prefix until the end, so that a second self-test is refused here, before it can remove what this one
  // creates.
  const stop = await steps.run('respond over HTTP', () => serveAndAsk(host, options.random));
  if (stop === null) return steps.results();
  try {
    await steps.run('remove what an earlier run left', async () => {
      const removed = await removeTraces(host, keys);
      return removed.length === 0 ? 'nothing was left' : removed.join(', ');
    });
    await renewAndRollBack(options, steps);
  } finally {
    await steps.always('remove everything', () => removeAll(host, keys));
    await stop.end();
  }
  return steps.results();
}

async function renewAndRollBack(options: SelfTestOptions, steps: ReturnType<typeof createSteps>): Promise<void> {
  const { host } = options;
  const ca = createLocalCa(options.random);
  const own = new Map<string, string>();
  const deployment = createIisDeployment({
    host,
    probe: options.probe,
    sites: [SITE],
    // The site is new: its record is not there yet.
    adopt: true,
    store: STORE,
    adoptForeignAppIds: [],
    ownThumbprints: () => own,
    clock: options.clock,
    // Nobody knows the root of this CA: only the chain that it issued will do.
    visitorRoots: async () => [],
  });
  const issue = async (name: string, previous: Installed | null): Promise<CertificateMaterial> => {
    const material = await newCertificate(options, ca, name, previous);
    own.set(material.thumbprint, FRIENDLY_NAME);
    return material;
  };
  const verified = async (installed: Installed | null, expected: CertificateMaterial | null): Promise<string> =>
    served(await deployment.verify(given(installed).plan, given(expected)), given(expected).thumbprint);
  const [firstKey, secondKey] = KEYS;
  await steps.run('make a site with an https binding', () => makeSite(host, options.clock));
  const material = await steps.run('make a key and a request', () => issue(firstKey, null));
  await steps.run('put the certificate into the store', () => deployment.install(given(material)));
  const first = await steps.run('bind it', () => bind(deployment, given(material)));
  await steps.run('shake hands', () => verified(first, material));
  const before = await steps.run('look at the record', () => recordOf(host));
  const renewal = await steps.run('make another key and request', () => issue(secondKey, given(first)));
  await steps.run('put the new certificate into the store', () => deployment.install(given(renewal)));
  const second = await steps.run('switch the record', () => bind(deployment, given(renewal)));
  await steps.run('shake hands again', () => verified(second, renewal));
  await steps.run('every other field of the record is kept', async () => {
    sameBut(given(before), await recordOf(host), given(renewal).thumbprint);
  });
  await steps.run('roll back', async () =>
    served(await deployment.restore(given(second).plan), given(material).thumbprint),
  );
  await steps.run('the record is as it was', async () => {
    sameBut(given(before), await recordOf(host), given(material).thumbprint);
  });
}

/** What an earlier step created. A step runs only when all before it have passed. */
function given<T>(value: T | null): T {
  if (value === null) throw new EverbindError('INTERNAL', 'a step of the self-test runs without the one before it');
  return value;
}

/** The request is the one for a CA: the provider signs it and the signature is checked, so the key works. */
async function newCertificate(
  { keys, algorithm, clock }: SelfTestOptions,
  ca: ReturnType<typeof createLocalCa>,
  keyName: string,
  previous: Installed | null,
): Promise<CertificateMaterial> {
  const handle = await keys.generate(keyName, algorithm);
  const signer = await keys.open(handle);
  const identifiers = [{ type: 'dns', value: HOST } as const];
  await buildCsr({ identifiers, signer });
  const chain = [ca.issue(signer.publicKey, clock.now())];
  return {
    name: FRIENDLY_NAME,
    identifiers,
    chain,
    thumbprint: createHash('sha1')
      .update(chain[0] ?? '')
      .digest('hex'),
    previousThumbprint: previous?.material.thumbprint ?? null,
    friendlyName: FRIENDLY_NAME,
    attach: () => keys.attach(handle, chain),
  };
}

async function bind(deployment: Deployment, material: CertificateMaterial): Promise<Installed> {
  const plan = await deployment.plan(material);
  if (plan.changes.length !== 1) {
    const why = plan.skipped.map(({ target, reason }) => `${target}: ${reason}`).join('; ');
    throw new EverbindError('SELFTEST_FAILED', `the plan has ${plan.changes.length} changes instead of one. ${why}`);
  }
  await deployment.apply(plan);
  return { material, plan };
}

/** A handshake must have shown this very certificate; what nobody looked at shows nothing. */
function served(checks: readonly EndpointCheck[], thumbprint: string): string {
  const wrong = checks.find(({ outcome }) => outcome === 'failed');
  if (wrong !== undefined) throw new EverbindError('SELFTEST_FAILED', `${wrong.endpoint}: ${wrong.message}`);
  const seen = checks.filter(
    ({ outcome, servedThumbprint }) => outcome === 'verified' && servedThumbprint === thumbprint,
  );
  if (seen.length > 0) return seen.map(({ endpoint }) => endpoint).join(', ');
  const why = checks.map(({ endpoint, message }) => `${endpoint}: ${message}`).join('; ');
  throw new EverbindError('SELFTEST_FAILED', `no handshake showed the certificate ${thumbprint}. ${why}`);
}

async function recordOf(host: WindowsHost): Promise<SslRecord> {
  const records = await host.sslRecords.enumerate();
  const record = records.find(({ key }) => key.kind === 'hostnameport' && key.host === HOST);
  if (record === undefined) throw new EverbindError('SELFTEST_FAILED', `there is no record of ${HOST}`);
  return record;
}

function sameBut(before: SslRecord, after: SslRecord, certificateHash: string): void {
  if (JSON.stringify({ ...before, certificateHash }) === JSON.stringify(after)) return;
  throw new EverbindError(
    'SELFTEST_FAILED',
    `the record ${recordKeyText(after.key)} has other fields than before: ${JSON.stringify({ before, after })}`,
  );
}

async function removeAll(host: WindowsHost, keys: KeyStore): Promise<string> {
  const removed = await removeTraces(host, keys);
  const left = await findTraces(host);
  if (left.length > 0) {
    throw new EverbindError('SELFTEST_FAILED', `still there: ${left.map(({ text }) => text).join(', ')}`);
  }
  return removed.length === 0 ? 'there was nothing' : removed.join(', ');
}
