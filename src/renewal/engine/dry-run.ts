import { asEverbindError, EverbindError } from '../../errors/error.ts';
import type { ErrorCode } from '../../errors/table.ts';
import { parsePemCertificates } from '../../pki/asn1/pem.ts';
import type { DeploymentPlan } from '../../ports/deployment.ts';
import type { DueReason } from '../schedule/due-date.ts';
import { certificateIfReadable } from '../state/certificate-table.ts';
import { activeOf, previousOf } from '../state/issued-table.ts';
import { isObtaining, openRenewalIfReadable, type RenewalStep } from '../state/renewal-table.ts';
import type { EnginePorts, OrderPreview } from './engine-ports.ts';
import { isWhatIsWanted, reusableKey } from './resume-or-begin.ts';
import { selectIds, type Selection } from './select.ts';

/** What renewing one certificate would do. */
export interface DryRun {
  readonly name: string;
  readonly due: { readonly at: number; readonly reason: DueReason };
  /** Where an interrupted renewal would go on; null when a new one would begin. */
  readonly resumesAt: RenewalStep | null;
  /** Whether a certificate is still to be had from the issuer; otherwise one is deployed that is there already. */
  readonly orders: boolean;
  readonly order: Omit<OrderPreview, 'challenges'> & { readonly names: readonly string[] };
  readonly key: { readonly algorithm: string; readonly provider: string; readonly reused: boolean };
  readonly challenges: OrderPreview['challenges'];
  readonly plans: readonly DeploymentPlan[];
  /** Why this machine cannot have the deployments, and so nothing would be ordered; null when it can. */
  readonly problem: { readonly code: ErrorCode; readonly message: string; readonly action: string } | null;
  /** Certificates that would be removed from the stores, by thumbprint, unless something still refers to them. */
  readonly retired: readonly string[];
}

/** Stands for the certificate that does not exist yet. */
const NEW_THUMBPRINT = '0'.repeat(40);

/** Reads the state, plans, and changes nothing. */
export async function dryRun(ports: EnginePorts, selection: Selection): Promise<readonly DryRun[]> {
  const { store, clock } = ports;
  const results: DryRun[] = [];
  for (const id of selectIds(store.read, selection, clock)) {
    const certificate = store.read((db) => certificateIfReadable(db, id));
    if (certificate === null) continue;
    const { name, config } = certificate;
    const { active, previous, open, reused } = store.read((db) => ({
      active: activeOf(db, id),
      previous: previousOf(db, id),
      open: openRenewalIfReadable(db, id),
      reused: reusableKey(db, ports.keys, config.key, activeOf(db, id)) !== null,
    }));
    // What is in use already is deployed once more. Whoever forces a renewal wants a new certificate.
    const redeploy = certificate.redeploy && !selection.force && open === null;
    const again = redeploy && active !== null && isWhatIsWanted(ports, certificate, active) ? active : null;
    const material = {
      name,
      identifiers: config.identifiers,
      chain: active === null ? [] : parsePemCertificates(active.chain),
      thumbprint: again?.thumbprint ?? NEW_THUMBPRINT,
      previousThumbprint: active?.thumbprint ?? null,
      friendlyName: name,
    };
    const deployments = await Promise.all(config.deployments.map((one) => ports.deploymentFor(one, certificate))).catch(
      asEverbindError,
    );
    const problem = deployments instanceof EverbindError ? deployments : null;
    const plans =
      deployments instanceof EverbindError ? [] : await Promise.all(deployments.map((one) => one.plan(material)));
    const { challenges, ...order } = await ports.previewOrder(certificate);
    const kept = Math.max(0, config.keepOld - (active === null ? 0 : 1));
    results.push({
      name,
      due: { at: certificate.nextDue, reason: certificate.dueReason },
      resumesAt: open?.step ?? null,
      orders: again === null && (open === null || isObtaining(open)),
      order: { ...order, names: config.identifiers.map(({ value }) => value) },
      key: { algorithm: config.key.algorithm, provider: config.key.provider, reused },
      challenges,
      plans,
      problem: problem === null ? null : { code: problem.code, message: problem.message, action: problem.action },
      retired: again === null ? previous.slice(kept).map(({ thumbprint }) => thumbprint) : [],
    });
  }
  return results;
}
