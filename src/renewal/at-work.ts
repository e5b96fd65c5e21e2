// What a run needs once there is something to do. Loaded as one: each module that a released program loads by itself costs its start time.

export { createSlots } from '../acme/slots.ts';
export { defer } from './defer.ts';
export { createIssuerSessions, stagingOf } from './issuer-session.ts';
export { createJournal } from './journal.ts';
export { refreshWindows } from './refresh-windows.ts';
export { renewOne } from './renew-one.ts';
export { tidyUp } from './tidy-up.ts';
