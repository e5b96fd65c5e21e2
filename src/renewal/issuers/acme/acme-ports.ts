import type { AcmeClient } from '../../../acme/client.ts';
import type { Directory } from '../../../acme/messages/directory.ts';
import type { CertificateConfig, ChallengeConfig, IssuerConfig } from '../../../config/types.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { KeyCustody } from '../../../ports/key-store.ts';
import type { Random } from '../../../ports/random.ts';
import type { ChallengeTask, Solver } from '../../../ports/solver.ts';
import type { Transport } from '../../../ports/transport.ts';
import type { Store } from '../../../store/store.ts';

/** What an ACME issuer is put together from; the agent gives it. */
export interface AcmePorts {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly keys: KeyCustody;
  /** Names the program to the CA (RFC 8555 section 6.1). */
  readonly userAgent: string;
  /** The connections to this CA: the same pool each time, however often its account is opened. */
  transportFor(issuer: IssuerConfig): Promise<Transport>;
  /** Roots that certificates of this issuer may end in, DER. The same array each time. */
  rootsFor(issuer: IssuerConfig): Promise<readonly Uint8Array[]>;
  solverFor(task: Pick<ChallengeTask, 'type' | 'identifier' | 'wildcard'>, config: ChallengeConfig): Solver;
  /** The value behind `secret:NAME`. */
  resolveSecret(reference: string): Promise<string>;
  /**
   * What stands in the way of an order that is about to be made; absent: nobody looks. Rejects with the reason of the
   * signal only.
   */
  preflight?(order: PlannedOrder, signal: AbortSignal): Promise<readonly Obstacle[]>;
}

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

/** A CA with our account there. */
export interface IssuerSession {
  readonly config: IssuerConfig;
  readonly client: AcmeClient;
  readonly accountUrl: string;
  readonly roots: readonly Uint8Array[];
}

/** Opens each issuer once for all renewals of a run. */
export interface IssuerSessions {
  /** Registers the account when there is none yet. A failure is not kept: the next caller tries again. */
  open(issuer: string, signal?: AbortSignal): Promise<IssuerSession>;
  /**
   * Opens the issuer for this work. Where the CA refuses it in a way that may be about the account, the account is
   * looked at before that is thrown. The signal ends the wait, also for an issuer that is being opened for others.
   */
  use<T>(issuer: string, work: (session: IssuerSession) => Promise<T>, signal?: AbortSignal): Promise<T>;
}

/** The ports of ACME issuers, with what one run shares. */
export interface AcmeRun extends AcmePorts {
  readonly sessions: IssuerSessions;
  /** The same issuers at their staging environments. */
  readonly stagingSessions: IssuerSessions;
  /** Aborts what waits: the person wants to stop, or the lease is lost. */
  readonly signal: AbortSignal;
}
