import { EverbindError } from '../../errors/error.ts';
import { parsePemCertificates } from '../../pki/asn1/pem.ts';
import type { CertificateMaterial, Deployment, DeploymentPlan, EndpointCheck, Json } from '../../ports/deployment.ts';
import type { RunContext } from '../engine/run-context.ts';
import { issuedById, issuedWith } from '../state/rows.ts';
import { isBinding } from '../state/steps.ts';
import type { Issued, ManagedCertificate, Renewal } from '../state/types.ts';

/** A checked certificate and where it is to be used. */
export interface Use {
  readonly certificate: ManagedCertificate;
  readonly issued: Issued;
  readonly material: CertificateMaterial;
  readonly deployments: readonly Deployment[];
}

/**
 * The certificate of a renewal that has one. While bindings may have been changed, deployments are those that were planned for, since the
 * configuration may have changed; before, and after everything is put back, they are those of the configuration.
 */
export async function useOf(context: RunContext, certificate: ManagedCertificate, renewal: Renewal): Promise<Use> {
  const { store, keys } = context;
  const { issued, active } = store.read((db) => ({
    issued: renewal.issuedId === null ? null : issuedById(db, renewal.issuedId),
    active: issuedWith(db, certificate.id, 'active')[0],
  }));
  if (issued === null) throw new EverbindError('INTERNAL', `renewal ${renewal.id} has no certificate to put to use`);
  const chain = parsePemCertificates(issued.chain);
  const friendlyName = `${certificate.name} [Everbind] ${new Date(issued.notAfter).toISOString().slice(0, 10)}`;
  const material: CertificateMaterial = {
    name: certificate.name,
    identifiers: renewal.identifiers,
    chain,
    thumbprint: issued.thumbprint,
    previousThumbprint: active?.thumbprint ?? null,
    friendlyName,
    attach: () => keys.attach(issued.keyHandle, chain, friendlyName),
  };
  const { config } = certificate;
  const planned =
    renewal.deployments === null || !isBinding(renewal.step) ? config : { ...config, deployments: renewal.deployments };
  return { certificate, issued, material, deployments: await context.deploymentsFor(planned) };
}

/** A deployment with its plan. */
export interface Planned {
  readonly deployment: Deployment;
  readonly plan: DeploymentPlan;
}

/** The journaled plans with the deployments that they are for. */
export function plannedOf({ deployments }: Use, { plans }: Renewal): readonly Planned[] {
  const list = JSON.parse(plans ?? '[]') as DeploymentPlan[];
  if (list.length !== deployments.length)
    throw new EverbindError('INTERNAL', 'plans and deployments do not fit together');
  return deployments.flatMap((deployment, index) => {
    const plan = list[index];
    return plan === undefined ? [] : [{ deployment, plan }];
  });
}

/** What an audit event keeps of a check. */
export function checkData({ endpoint, host, ok, code, servedThumbprint }: EndpointCheck): Json {
  return { endpoint, host, ok, code, served: servedThumbprint };
}
