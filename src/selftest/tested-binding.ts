import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import { createIisDeployment } from '../deploy/iis/deployment.ts';
import { EverbindError } from '../errors/error.ts';
import { thumbprintOf } from '../pki/x509/certificate.ts';
import { recordKeyText } from '../iis/records/ssl-record.ts';
import { buildCsr } from '../pki/x509/csr.ts';
import type { CertificateMaterial, Deployment, DeploymentPlan, EndpointCheck } from '../ports/deployment.ts';
import type { KeyAttachment, KeyHandle } from '../ports/key-store.ts';
import type { Endpoint, SslRecord } from '../ports/windows-host.ts';
import type { Bench } from './bench.ts';
import { IDENTIFIERS } from './binding-kind.ts';
import { MARK, OTHER_STORE, STORE } from './names.ts';
import { makeSite, type TemporarySite } from './temporary-site.ts';

/** The binding of a temporary site, with the deployment that puts certificates on it. */
export interface TestedBinding extends TemporarySite {
  readonly deployment: Deployment;
  /** The same binding, with a deployment that puts certificates into this store. */
  into(store: Store): TestedBinding;
  /** A certificate for a key in the key store. The request is the one for a CA, so the provider signs it. */
  issue(handle: KeyHandle): Promise<CertificateMaterial>;
  /** A certificate for a key that is made here and imported with it, as keys of the software custody are. */
  issueImported(type: 'rsa' | 'ec'): Promise<CertificateMaterial>;
  /** Plans, as a renewal does. Throws SELFTEST_FAILED unless there is exactly one record to change. */
  plan(material: CertificateMaterial): Promise<DeploymentPlan>;
  /** Shakes hands, and throws SELFTEST_FAILED unless this certificate was seen. */
  verify(plan: DeploymentPlan, material: CertificateMaterial): Promise<void>;
  /** Rolls back, shakes hands, and throws SELFTEST_FAILED unless this certificate was seen. */
  restore(plan: DeploymentPlan, before: CertificateMaterial): Promise<void>;
  /** The http.sys record of the binding. Throws SELFTEST_FAILED when there is none. */
  record(): Promise<SslRecord>;
  /** Where a client of this machine reaches it. Throws SELFTEST_FAILED when that is nowhere. */
  place(): Promise<Endpoint>;
}

type Store = typeof STORE | typeof OTHER_STORE;

const generate = promisify(generateKeyPair);

/** Makes the site, and waits until it listens. Errors: those of makeSite. */
export async function makeTestedBinding(bench: Bench, kind: TemporarySite['kind']): Promise<TestedBinding> {
  const { host, keys, ca, clock, recorded } = bench;
  const site = await makeSite(host, clock, kind);
  const key = kind.recordKey(site.port);
  for (const { address, port } of await host.endpoints(kind.address, site.port)) {
    recorded.expect(address, port, `${key.kind} ${recordKeyText(key)}`);
  }
  const own = new Map<string, string>();
  let previousThumbprint: string | null = null;
  const certify = (publicKey: Uint8Array, attach: (chain: readonly Uint8Array[]) => Promise<KeyAttachment>) => {
    const chain = ca.issue(publicKey);
    const thumbprint = thumbprintOf(chain[0] ?? new Uint8Array());
    const material: CertificateMaterial = {
      name: kind.site,
      identifiers: IDENTIFIERS,
      chain,
      thumbprint,
      previousThumbprint,
      friendlyName: MARK,
      attach: () => attach(chain),
    };
    own.set(thumbprint, kind.site);
    previousThumbprint = thumbprint;
    return material;
  };
  const into = (store: Store): TestedBinding => {
    const deployment = createIisDeployment({
      host,
      probe: recorded.probe,
      sites: [kind.site],
      // The site is new: its record is not there yet.
      adopt: true,
      store,
      adoptForeignAppIds: [],
      ownThumbprints: () => own,
      clock,
      // As if visitors knew this root: an intermediate that is not sent is then a finding, and no fault. Whether
      // Windows sends it is not known, since it does not trust the root.
      visitorRoots: async () => [ca.root],
    });
    return {
      ...site,
      deployment,
      into,
      issue: async (handle) => {
        const signer = await keys.open(handle);
        await buildCsr({ identifiers: IDENTIFIERS, signer });
        return certify(signer.publicKey, (chain) => keys.attach(handle, chain));
      },
      issueImported: async (type) => {
        const { publicKey, privateKey } =
          type === 'rsa'
            ? await generate('rsa', { modulusLength: 2048 })
            : await generate('ec', { namedCurve: 'P-256' });
        const pkcs8 = new Uint8Array(privateKey.export({ type: 'pkcs8', format: 'der' }));
        return certify(publicKey.export({ type: 'spki', format: 'der' }), async () => ({
          kind: 'pkcs8',
          privateKey: pkcs8,
        }));
      },
      plan: async (material) => {
        const plan = await deployment.look(await deployment.plan(material));
        if (plan.changes.length === 1) return plan;
        const why = plan.skipped.map(({ target, reason }) => `${target}: ${reason}`).join('; ');
        throw new EverbindError(
          'SELFTEST_FAILED',
          `the plan has ${plan.changes.length} changes instead of one. ${why}`,
        );
      },
      verify: async (plan, material) => assertSeen(await deployment.verify(plan, material), material.thumbprint),
      restore: async (plan, before) => assertSeen(await deployment.restore(plan), before.thumbprint),
      record: async () => {
        const record = await host.sslRecords.query(key);
        if (record !== null) return record;
        throw new EverbindError('SELFTEST_FAILED', `there is no http.sys record ${recordKeyText(key)}`);
      },
      place: async () => {
        const [place] = await host.endpoints(kind.address, site.port);
        if (place !== undefined) return place;
        throw new EverbindError('SELFTEST_FAILED', `no address of this machine leads to ${kind.address}:${site.port}`);
      },
    };
  };
  return into(STORE);
}

/**
 * Throws SELFTEST_FAILED when a handshake failed, and when none showed this very certificate: what nobody looked at
 * shows nothing.
 */
export function assertSeen(checks: readonly EndpointCheck[], thumbprint: string): void {
  const wrong = checks.find(({ outcome }) => outcome === 'failed');
  if (wrong !== undefined) throw new EverbindError('SELFTEST_FAILED', `${wrong.endpoint}: ${wrong.message}`);
  if (checks.some(({ outcome, servedThumbprint }) => outcome === 'verified' && servedThumbprint === thumbprint)) return;
  const why = checks.map(({ endpoint, message }) => `${endpoint}: ${message}`).join('; ');
  throw new EverbindError('SELFTEST_FAILED', `no handshake showed the certificate ${thumbprint}. ${why}`);
}

/** Throws SELFTEST_FAILED unless the record is as before in every field but the certificate. */
export function assertSameBut(before: SslRecord, after: SslRecord, { thumbprint }: { thumbprint: string }): void {
  if (JSON.stringify({ ...before, certificateHash: thumbprint }) === JSON.stringify(after)) return;
  throw new EverbindError(
    'SELFTEST_FAILED',
    `the record ${recordKeyText(after.key)} has other fields than before: ${JSON.stringify({ before, after })}`,
  );
}
