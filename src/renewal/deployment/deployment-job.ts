import type { DeploymentConfig } from '../../config/types.ts';
import { asEverbindError, EverbindError } from '../../errors/error.ts';
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

/**
 * The journaled plans with the deployments that they are for. `gone`: why one cannot be had any more that the
 * configuration does not have either, such as IIS on a server whose role was removed: nobody will come to restore it.
 * Throws for one that is still wanted.
 */
export async function plannedOf(
  { deploymentFor }: RunContext,
  { certificate }: DeploymentJob,
  { planned }: Deploying,
): Promise<{ readonly planned: readonly Planned[]; readonly gone: EverbindError | null }> {
  const { config: wanted, removed } = certificate;
  const declared = new Set(removed ? [] : wanted.deployments.map((config) => JSON.stringify(config)));
  const found = await Promise.all(
    planned.map(async ({ config, plan }) => {
      try {
        return { config, deployment: await deploymentFor(config, certificate), plan };
      } catch (error) {
        if (declared.has(JSON.stringify(config))) throw error;
        return asEverbindError(error);
      }
    }),
  );
  const isGone = (one: Planned | EverbindError): one is EverbindError => one instanceof EverbindError;
  return {
    planned: found.filter((one): one is Planned => !isGone(one)),
    gone: found.find(isGone) ?? null,
  };
}

/** What an audit event keeps of a check. */
export function checkData({ endpoint, host, outcome, code, servedThumbprint, findings }: EndpointCheck): Json {
  return { endpoint, host, outcome, code, served: servedThumbprint, findings: findings.map((found) => found.code) };
}
