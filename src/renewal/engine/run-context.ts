import type { Semaphore } from '../../concurrency/semaphore.ts';
import type { IssuerSessions } from '../issuers/acme/account/issuer-session.ts';
import type { Journal } from '../state/journal.ts';
import type { EnginePorts } from './engine-ports.ts';

/** What the engine is put together from, with what one run shares. */
export interface RunContext extends EnginePorts {
  readonly journal: Journal;
  readonly sessions: IssuerSessions;
  /** The same issuers at their staging environments. */
  readonly stagingSessions: IssuerSessions;
  /** Turns at the web server: far more certificates may wait for a CA at a time than a server should have changed at a time. */
  readonly deploying: Semaphore;
  /** Aborts what waits: the person wants to stop, or the lease is lost. */
  readonly signal: AbortSignal;
}
