import type { IssuerSessions } from './issuer-session.ts';
import type { Journal } from './journal.ts';
import type { EngineParts } from './parts.ts';

/** What the engine is put together from, with what one run shares. */
export interface EngineContext extends EngineParts {
  readonly journal: Journal;
  readonly sessions: IssuerSessions;
  /** Aborts what waits: the person wants to stop, or the lease is lost. */
  readonly signal: AbortSignal;
}
