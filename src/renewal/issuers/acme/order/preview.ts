import type { DatabaseSync } from 'node:sqlite';
import { challengesFor } from '../../../../config/challenge-for.ts';
import type { ChallengeConfig } from '../../../../config/types.ts';
import type { OrderPreview } from '../../../engine/engine-ports.ts';
import { issuerConfig } from '../../../state/applied-config.ts';
import type { ManagedCertificate } from '../../../state/certificate-table.ts';
import { readChallengeFailures } from '../../../state/challenge-table.ts';
import { isUrgent } from '../../../state/issued-table.ts';
import { preferredIssuer } from '../../../state/issuer-health.ts';
import { wantedStagingRun } from '../../../state/staging-run-table.ts';
import { chooseChallenge } from '../../../../challenge/choose-challenge.ts';

type Previewed = Pick<ManagedCertificate, 'id' | 'config'>;

/** What an order would be like now, by what is known here. */
export function previewOrder(db: DatabaseSync, certificate: Previewed, now: number): OrderPreview {
  const { id, config } = certificate;
  const issuer = issuerConfig(db, preferredIssuer(db, certificate, now));
  const failedAt = readChallengeFailures(db, id);
  return {
    issuer: issuer?.name ?? '',
    directory: issuer?.directory ?? '',
    stagingDirectory: stagingDirectory(db, certificate, now),
    profile: issuer?.profile ?? null,
    challenges: config.identifiers.map((identifier) => {
      const candidates = challengesFor(config, identifier);
      const failed = (candidate: ChallengeConfig): number | null =>
        failedAt({ name: identifier.value, config: candidate });
      const choice = chooseChallenge({ identifier, candidates, offered: null, failedAt: failed, notVisible: [] });
      return { name: identifier.value, challenge: choice?.config ?? null, reason: choice?.code ?? null };
    }),
  };
}

/** Directory that the next attempt is tried at first; null: it is not. */
export function stagingDirectory(db: DatabaseSync, certificate: Previewed, now: number): string | null {
  if (isUrgent(db, certificate.id, now) || wantedStagingRun(db, certificate.id) === null) return null;
  return issuerConfig(db, preferredIssuer(db, certificate, now))?.staging ?? null;
}
