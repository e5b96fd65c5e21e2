import { entries } from './entry.ts';

export const AUDIT_ERRORS = entries({
  AUDIT_EVENT_INVALID: {
    exit: 70,
    summary: 'An event cannot be written in canonical JSON.',
    action: 'Please report it with the command that was run.',
  },
  AUDIT_KEY_INVALID: {
    exit: 2,
    summary: 'A verifier key is not of the form name+hash+key.',
    action: 'Take the key that everbind audit key prints.',
  },
  AUDIT_NOTE_MALFORMED: {
    exit: 6,
    summary: 'A checkpoint is no signed note of this log.',
    action: 'Compare with a saved checkpoint; see docs/audit.md.',
  },
  AUDIT_CHECKPOINT_FORGED: {
    exit: 6,
    summary: 'A checkpoint does not carry the signature of the log.',
    action: 'Somebody wrote to the log with another key. Keep the state folder as evidence; see docs/audit.md.',
  },
});
