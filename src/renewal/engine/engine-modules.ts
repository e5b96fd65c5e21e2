// What the engine needs once there is something to do. Loaded as one: each module that a released program loads by itself costs its start time.

export { createSemaphore } from '../../concurrency/semaphore.ts';
export { requireAccount, rollOver } from '../issuers/acme/account/rollover.ts';
export { defer } from './defer.ts';
export { dryRun } from './dry-run.ts';
export { createIssuerSessions, stagingOf } from '../issuers/acme/account/issuer-session.ts';
export { createJournal } from '../state/journal.ts';
export { persistRecords } from '../issuers/acme/account/persist-records.ts';
export { pollRenewalInfo } from './poll-renewal-info.ts';
export { renewOne } from './renew-one.ts';
export { revoke } from './revoke.ts';
export { rollBack } from './roll-back.ts';
export { deleteScheduledKeys } from '../state/key-deletions.ts';
export { tidyUp } from './tidy-up.ts';
