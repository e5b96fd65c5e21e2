// What the engine needs once there is something to do. Loaded as one: each module that a released program loads by itself costs its start time.

export { createSlots } from '../acme/slots.ts';
export { requireAccount, rollOver } from './account-rollover.ts';
export { defer } from './defer.ts';
export { dryRun } from './dry-run.ts';
export { createIssuerSessions, stagingOf } from './issuer-session.ts';
export { createJournal } from './journal.ts';
export { persistRecords } from './persist-records.ts';
export { refreshWindows } from './refresh-windows.ts';
export { renewOne } from './renew-one.ts';
export { revoke } from './revoke.ts';
export { rollBack } from './roll-back.ts';
export { destroySpentKeys } from './spent-keys.ts';
export { tidyUp } from './tidy-up.ts';
