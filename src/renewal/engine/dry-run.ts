import { readChallengeFailures } from '../state/challenge-failures.ts';
import { type ChallengeChoiceCode, chooseChallenge } from '../issuers/acme/authorization/choose-challenge.ts';
import { challengesFor } from '../../config/challenge-for.ts';
import type { ChallengeConfig } from '../../config/types.ts';
import { asEverbindError, EverbindError } from '../../errors/error.ts';
import type { ErrorCode } from '../../errors/table.ts';
import { parsePemCertificates } from '../../pki/asn1/pem.ts';
import type { DeploymentPlan } from '../../ports/deployment.ts';
import { appliedConfig } from '../state/applied-config.ts';
import { selectIds, type Selection } from './select.ts';
import type { EnginePorts } from './engine-ports.ts';
import { reusableKey } from './resume-or-begin.ts';
import { preferredIssuer } from '../state/issuer-health.ts';
import { stagingDirectory } from '../state/staging-run-table.ts';
import { certificateById, issuedWith, openRenewal, previousOf } from '../state/rows.ts';
import type { DueReason } from '../schedule/due-date.ts';
import type { RenewalStep } from '../state/types.ts';

/** What renewing one certificate would do. */
export interface DryRun {
  readonly name: string;
  readonly due: { readonly at: number; readonly reason: DueReason };
  /** Where an interrupted renewal would go on; null when a new one would begin. */
  readonly resumesAt: RenewalStep | null;
  readonly order: {
    readonly issuer: string;
    readonly directory: string;
    /** Staging environment that is tried first; null: none. */
    readonly stagingDirectory: string | null;
    readonly profile: string | null;
    readonly names: readonly string[];
  };
  readonly key: { readonly algorithm: string; readonly provider: string; readonly reused: boolean };
  readonly challenges: readonly DryRunChallenge[];
  readonly plans: readonly DeploymentPlan[];
  /** Why this machine cannot have the deployments, and so nothing would be ordered; null when it can. */
  readonly problem: { readonly code: ErrorCode; readonly message: string; readonly action: string } | null;
  /** Certificates that would be removed from the stores, by thumbprint, unless something still refers to them. */
  readonly retired: readonly string[];
}

export interface DryRunChallenge {
  readonly name: string;
  readonly challenge: ChallengeConfig | null;
  /** Why this one, where several are configured. */
  readonly reason: ChallengeChoiceCode | null;
}

/** Stands for the certificate that does not exist yet. */
export const NEW_THUMBPRINT = '0'.repeat(40);

/** Reads the state, plans, and changes nothing. */
export async function dryRun(parts: EnginePorts, selection: Selection): Promise<readonly DryRun[]> {
  const { store, clock } = parts;
  const issuers = store.read(appliedConfig)?.issuers ?? [];
  const results: DryRun[] = [];
  for (const id of selectIds(store.read, selection, clock)) {
    const certificate = store.read((db) => certificateById(db, id));
    if (certificate === null) continue;
    const { name, config } = certificate;
    const [active] = store.read((db) => issuedWith(db, id, 'active'));
    const failedAt = store.read((db) => readChallengeFailures(db, id));
    const previous = store.read((db) => previousOf(db, id));
    const material = {
      name,
      identifiers: config.identifiers,
      chain: active === undefined ? [] : parsePemCertificates(active.chain),
      thumbprint: NEW_THUMBPRINT,
      previousThumbprint: active?.thumbprint ?? null,
      friendlyName: name,
    };
    const deployments = await parts.deploymentsFor(config).catch(asEverbindError);
    const problem = deployments instanceof EverbindError ? deployments : null;
    const plans =
      deployments instanceof EverbindError ? [] : await Promise.all(deployments.map((one) => one.plan(material)));
    const chosen = store.read((db) => preferredIssuer(db, certificate, clock.now()));
    const issuer = issuers.find((candidate) => candidate.name === chosen);
    const kept = Math.max(0, config.keepOld - (active === undefined ? 0 : 1));
    results.push({
      name,
      due: { at: certificate.nextDue, reason: certificate.dueReason },
      resumesAt: store.read((db) => openRenewal(db, id))?.step ?? null,
      order: {
        issuer: issuer?.name ?? '',
        directory: issuer?.directory ?? '',
        stagingDirectory: store.read((db) => stagingDirectory(db, certificate, clock.now())),
        profile: issuer?.profile ?? null,
        names: config.identifiers.map(({ value }) => value),
      },
      key: {
        algorithm: config.key.algorithm,
        provider: config.key.provider,
        reused: store.read((db) => reusableKey(db, parts.keys, config.key, active)) !== null,
      },
      challenges: config.identifiers.map((identifier) => {
        const candidates = challengesFor(config, identifier);
        const failed = (candidate: ChallengeConfig) => failedAt({ name: identifier.value, config: candidate });
        const choice = chooseChallenge({ identifier, candidates, offered: null, failedAt: failed, notVisible: [] });
        return { name: identifier.value, challenge: choice?.config ?? null, reason: choice?.code ?? null };
      }),
      plans,
      problem: problem === null ? null : { code: problem.code, message: problem.message, action: problem.action },
      retired: previous.slice(kept).map(({ thumbprint }) => thumbprint),
    });
  }
  return results;
}
