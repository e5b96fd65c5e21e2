import type { DatabaseSync } from 'node:sqlite';
import type { AuditEvent } from '../audit/event.ts';
import type { EverbindError } from '../errors/error.ts';

/** What a work may do. Ends with the work. */
export interface Transaction {
  readonly db: DatabaseSync;
  /** Appends an event to the audit log, in this transaction. */
  audit(event: AuditEvent): void;
}

/** A lease as commits check it. */
export interface Fence {
  readonly token: number;
  /** Called when a commit found another token. May be called again. */
  readonly onLost: (error: EverbindError) => void;
}
