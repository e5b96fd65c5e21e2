import type { Semaphore } from '../../concurrency/semaphore.ts';
import type { ChallengeChoiceCode } from '../../challenge/choose-challenge.ts';
import type { CertificateConfig, ChallengeConfig, DeploymentConfig } from '../../config/types.ts';
import type { IssuedCertificate, IssuedCheck } from '../../pki/check-issued.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Deployment } from '../../ports/deployment.ts';
import type { Issuers } from '../../ports/issuer.ts';
import type { KeyCustody } from '../../ports/key-store.ts';
import type { Random } from '../../ports/random.ts';
import type { Store } from '../../store/store.ts';

/** What the engine is put together from; the agent gives it. */
export interface EnginePorts {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly keys: KeyCustody;
  /**
   * Called before issuers and deployments are used. Throws when the web server of this machine is there and cannot be
   * used.
   */
  prepare(): Promise<void>;
  /** The issuers of one run; the signal ends what they wait for. */
  openIssuers(signal: AbortSignal): Promise<Issuers>;
  /** Judges what an issuer hands over, before anything is done with it. Throws what pki/check-issued.ts throws. */
  checkIssued(check: IssuedCheck): Promise<IssuedCertificate>;
  /** Throws for a deployment that this machine cannot have: WIN_NOT_WINDOWS, IIS_NOT_INSTALLED, IIS_TOO_OLD. */
  deploymentFor(config: DeploymentConfig, certificate: { readonly name: string }): Promise<Deployment>;
  /** What an order would be like, by what is known here. Asks nobody. */
  previewOrder(certificate: { readonly id: number; readonly config: CertificateConfig }): Promise<OrderPreview>;
  onProgress?(event: ProgressEvent): void;
  /** Told that work begins that may take so many milliseconds without progress. */
  onWork?(ms: number): void;
}

/** What the engine tells while it works. */
export interface ProgressEvent {
  readonly name: string;
  /** `order.created`: the type of the audit event, or `finished`. */
  readonly step: string;
}

/** An order as a dry run shows it. */
export interface OrderPreview {
  readonly issuer: string;
  readonly directory: string;
  /** Staging environment that is tried first; null: none. */
  readonly stagingDirectory: string | null;
  readonly profile: string | null;
  readonly challenges: readonly ChallengePreview[];
}

export interface ChallengePreview {
  readonly name: string;
  readonly challenge: ChallengeConfig | null;
  /** Why this one, where several are configured. */
  readonly reason: ChallengeChoiceCode | null;
}

/** What the engine is put together from, with what one run shares. */
export interface RunContext extends EnginePorts {
  readonly issuers: Issuers;
  /**
   * Turns at the web server: far more certificates may wait for a CA at a time than a server should have changed at a
   * time.
   */
  readonly deploying: Semaphore;
  /**
   * A person named these certificates and wants them now: what Everbind waits for of its own accord does not count.
   * What a CA refuses does.
   */
  readonly forced: boolean;
  /** Aborts what waits: the person wants to stop, or the lease is lost. */
  readonly signal: AbortSignal;
}
