import type { DatabaseSync } from 'node:sqlite';
import { issuedWith } from './rows.ts';
import { urgentFrom } from '../schedule/token-bucket.ts';

/** Whether this certificate is in a hurry: the one in use expires soon, has expired, or is revoked. */
export function isUrgent(db: DatabaseSync, certificateId: number, now: number): boolean {
  const [active] = issuedWith(db, certificateId, 'active');
  return active !== undefined && (active.revokedAt !== null || now >= urgentFrom(active));
}
