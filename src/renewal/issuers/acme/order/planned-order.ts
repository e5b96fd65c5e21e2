import type { Directory } from '../../../../acme/messages/directory.ts';
import type { CertificateConfig, IssuerConfig } from '../../../../config/types.ts';

/** An order that is about to be made. */
export interface PlannedOrder {
  readonly config: IssuerConfig;
  readonly directory: Directory;
  readonly accountUrl: string;
  readonly certificate: Pick<CertificateConfig, 'identifiers' | 'challenges'>;
}

/** Something that stands in its way. */
export interface Obstacle {
  /** Stable word; docs/preflight.md. */
  readonly code: string;
  readonly name: string | null;
  readonly what: string;
  /** Whether the CA is certain to refuse. */
  readonly certain: boolean;
}
