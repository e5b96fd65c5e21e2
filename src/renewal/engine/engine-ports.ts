import type { RenewalInfo } from '../../acme/messages/renewal-info.ts';
import type { CertificateConfig, ChallengeConfig, IssuerConfig } from '../../config/types.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Deployment } from '../../ports/deployment.ts';
import type { KeyCustody } from '../../ports/key-store.ts';
import type { Random } from '../../ports/random.ts';
import type { ChallengeTask, Solver } from '../../ports/solver.ts';
import type { Transport } from '../../ports/transport.ts';
import type { Store } from '../../store/store.ts';
import type { Journal } from '../state/journal.ts';
import type { Obstacle, PlannedOrder } from '../issuers/acme/order/planned-order.ts';
import type { ManagedCertificate, ProgressEvent, Renewal } from '../state/types.ts';

/** What the engine is put together from; the composing room gives it. */
export interface EnginePorts {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly keys: KeyCustody;
  /** Names the program to the CA (RFC 8555 section 6.1). */
  readonly userAgent: string;
  /** Called before solverFor and deploymentsFor are used. Throws when the web server of this machine is there and cannot be used. */
  prepare(): Promise<void>;
  /** The connections to this CA: the same pool each time, however often its account is opened. */
  transportFor(issuer: IssuerConfig): Promise<Transport>;
  /** Roots that certificates of this issuer may end in, DER. The same array each time. */
  rootsFor(issuer: IssuerConfig): Promise<readonly Uint8Array[]>;
  solverFor(task: Pick<ChallengeTask, 'type' | 'identifier' | 'wildcard'>, config: ChallengeConfig): Solver;
  /** Throws for a deployment that this machine cannot have: WIN_NOT_WINDOWS, IIS_NOT_INSTALLED, IIS_TOO_OLD. */
  deploymentsFor(certificate: CertificateConfig): Promise<readonly Deployment[]>;
  /** The value behind `secret:NAME`. */
  resolveSecret(reference: string): Promise<string>;
  /** What stands in the way of an order that is about to be made; absent: nobody looks. Rejects with the reason of the signal only. */
  preflight?(order: PlannedOrder, signal: AbortSignal): Promise<readonly Obstacle[]>;
  onProgress?(event: ProgressEvent): void;
  /** Stands in for obtain.ts in a simulation, where there is no cryptography. Same contract. */
  obtain?(run: { readonly journal: Journal }, certificate: ManagedCertificate, begun: Renewal): Promise<Renewal>;
  /** Stands in for asking a CA for a renewal window, likewise; null: this CA knows none. Throws what a client throws. */
  renewalInfo?(issuer: string, ariId: string): Promise<(RenewalInfo & { readonly retryAfterMs: number | null }) | null>;
}
