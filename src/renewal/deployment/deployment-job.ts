import type { DeploymentConfig } from '../../config/types.ts';
import { parsePemCertificates } from '../../pki/asn1/pem.ts';
import type { CertificateMaterial, Deployment, DeploymentPlan, EndpointCheck, Json } from '../../ports/deployment.ts';
import type { RunContext } from '../engine/engine-ports.ts';
import type { Held, ManagedCertificate } from '../state/certificate-table.ts';
import { activeOf, type Issued, requireIssued } from '../state/issued-table.ts';
import type { Deploying, NotDeployed } from '../state/renewal-table.ts';

/** A checked certificate that is deployed. */
export interface DeploymentJob {
  readonly certificate: ManagedCertificate;
  readonly issued: Issued;
  readonly material: CertificateMaterial;
}

/** The certificate of a renewal that has one. */
export function deploymentJob(
  { store, keys }: RunContext,
  certificate: ManagedCertificate,
  { issuedId, identifiers }: NotDeployed | Deploying,
): DeploymentJob {
  const { issued, active } = store.read((db) => ({
    issued: requireIssued(db, issuedId),
    active: activeOf(db, certificate.id),
  }));
  const chain = parsePemCertificates(issued.chain);
  const friendlyName = `${certificate.name} [Everbind] ${new Date(issued.notAfter).toISOString().slice(0, 10)}`;
  const material: CertificateMaterial = {
    name: certificate.name,
    identifiers,
    chain,
    thumbprint: issued.thumbprint,
    previousThumbprint: active?.thumbprint ?? null,
    friendlyName,
    attach: () => keys.attach(issued.keyHandle, chain),
  };
  return { certificate, issued, material };
}

/** What this deployment held when it was last looked at. */
export function targetsOf(held: readonly Held[], config: DeploymentConfig): readonly string[] {
  const place = JSON.stringify(config);
  return held.find((one) => JSON.stringify(one.config) === place)?.targets ?? [];
}

/** A deployment with its plan. */
export interface Planned {
  readonly config: DeploymentConfig;
  readonly deployment: Deployment;
  readonly plan: DeploymentPlan;
}

/** The journaled plans with the deployments that they are for. */
export function plannedOf(
  { deploymentFor }: RunContext,
  { certificate }: DeploymentJob,
  { planned }: Deploying,
): Promise<readonly Planned[]> {
  return Promise.all(
    planned.map(async ({ config, plan }) => ({ config, deployment: await deploymentFor(config, certificate), plan })),
  );
}

/** What an audit event keeps of a check. */
export function checkData({ endpoint, host, outcome, code, servedThumbprint, findings }: EndpointCheck): Json {
  return { endpoint, host, outcome, code, served: servedThumbprint, findings: findings.map((found) => found.code) };
}
