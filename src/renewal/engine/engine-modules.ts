// What the engine needs once there is something to do. Loaded as one: each module that a released program loads by
// itself costs its start time.

export { createSemaphore } from '../../concurrency/semaphore.ts';
export { defer } from './defer.ts';
export { dryRun } from './dry-run.ts';
export { pollRenewalInfo } from './poll-renewal-info.ts';
export { renewOne } from './renew-one.ts';
export { revoke } from './revoke.ts';
export { rollBack } from './roll-back.ts';
export { tidyUp } from './tidy-up.ts';
export { noteDamaged } from './record-failure.ts';
