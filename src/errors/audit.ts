import { entries } from './entry.ts';

const COMPARE = 'Keep the state folder as evidence and compare with saved checkpoints and backups; see docs/audit.md.';

export const AUDIT_ERRORS = entries({
  AUDIT_EVENT_INVALID: {
    exit: 70,
    summary: 'An event cannot be written in canonical JSON.',
    action: 'Please report it with the command that was run.',
  },
  AUDIT_KEY_INVALID: {
    exit: 2,
    summary: 'A verifier key is not of the form name+hash+key.',
    action: 'Give the key with --key, as everbind audit key printed it when the log was new.',
  },
  AUDIT_NO_SUCH_EVENT: {
    exit: 2,
    summary: 'The audit log has no event with this number.',
    action: 'See everbind audit log for the numbers.',
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
  AUDIT_CHECKPOINT_MISSING: {
    exit: 6,
    summary: 'A checkpoint was removed from the log.',
    action: COMPARE,
  },
  AUDIT_CHECKPOINT_INCONSISTENT: {
    exit: 6,
    summary: 'The log is not the continuation of a checkpoint that it signed.',
    action: `The history was rewritten, or an old copy of the database was put back. ${COMPARE}`,
  },
  AUDIT_EVENT_CHANGED: {
    exit: 6,
    summary: 'An event of the log is not the one that was signed.',
    action: COMPARE,
  },
  AUDIT_EVENT_MISSING: {
    exit: 6,
    summary: 'An event was removed from the log.',
    action: COMPARE,
  },
  AUDIT_EVENT_REORDERED: {
    exit: 6,
    summary: 'Events of the log do not stand where they were written.',
    action: COMPARE,
  },
  AUDIT_EVENT_UNSIGNED: {
    exit: 6,
    summary: 'The log ends with events that no checkpoint covers.',
    action: `Something other than Everbind added them, or their checkpoint was removed. ${COMPARE}`,
  },
  AUDIT_HASH_CHANGED: {
    exit: 6,
    summary: 'The stored hash of an event is not that of the event; the event itself is the one that was signed.',
    action: COMPARE,
  },
  AUDIT_TREE_CHANGED: {
    exit: 6,
    summary: 'The stored state of the tree is not the one that was signed last; nothing is added to the log.',
    action: COMPARE,
  },
  AUDIT_TRUNCATED: {
    exit: 6,
    summary: 'The log is shorter than it was: its last events are gone.',
    action: `Was an old copy of the database put back? ${COMPARE}`,
  },
  AUDIT_PROOF_INVALID: {
    exit: 6,
    summary: 'A proof does not show that its event is in the log.',
    action: 'Do not rely on it. Ask for a new one: everbind audit prove N.',
  },
  AUDIT_KEY_CHANGED: {
    exit: 6,
    summary: 'The key that signs the audit log is not the one in audit.key.pub beside the database.',
    action:
      'If everbind.db was lost or moved away, docs/custody.md says how to begin anew. Otherwise somebody replaced the key or the database: keep the state folder as evidence.',
  },
});
