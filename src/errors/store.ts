import { entries } from './entry.ts';

export const STORE_ERRORS = entries({
  STORE_NOT_FOUND: {
    exit: 2,
    summary: 'There is no database in the state folder.',
    action:
      'Nothing has been renewed from this folder yet: run everbind renew --all-due once, or name the right one with --state-dir.',
  },
  STORE_EXPOSED: {
    exit: 5,
    summary:
      'Others than this account and administrators (SYSTEM, root) can change the state folder, the configuration or a folder above them; nothing in it was read.',
    action:
      'Look at what is in the folder, since others may have put it there, and move away what is not yours. Then, on Windows: icacls FOLDER /setowner *S-1-5-32-544 /T, and icacls FOLDER /inheritance:r /grant:r *S-1-5-18:(OI)(CI)F *S-1-5-32-544:(OI)(CI)F, and icacls FOLDER\\* /reset /T for what is inside; icacls FOLDER /T shows who is left. Elsewhere: the command that the message ends with.',
  },
  STORE_FAILED: {
    exit: 1,
    meaning: { resume: 'continue' },
    summary: 'The database cannot be opened, read or written.',
    action: 'Look at the reason: rights, disk, file system. Nothing that was acknowledged is lost.',
  },
  STORE_FULL: {
    exit: 1,
    meaning: { resume: 'continue' },
    summary: 'The disk is full.',
    action: 'Make room; the next run resumes where this one stopped.',
  },
  STORE_BUSY: {
    exit: 4,
    meaning: { resume: 'continue' },
    summary: 'Another program holds the database.',
    action: 'Wait for the other Everbind, or end the program that has the file open.',
  },
  STORE_CORRUPT: {
    exit: 1,
    summary: 'The database is damaged.',
    action: 'Keep the files, restore the state folder from a backup, and check the disk.',
  },
  STORE_NEWER: {
    exit: 2,
    summary: 'The database was written by a newer Everbind.',
    action: 'Install that version or a later one.',
  },
  STORE_BEFORE_RELEASE: {
    exit: 2,
    summary: 'The database was written by an Everbind from before the first release; this one cannot use it.',
    action:
      'Move everbind.db*, master.key and audit.* together into a new folder inside the state folder, and keep them. Then run everbind secret set NAME for each secret, and everbind renew --all-due: accounts and certificates are obtained anew, and bindings that hold an earlier certificate change only with adopt: true. The earlier log stays readable where it is: everbind audit verify and everbind audit log, with --state-dir FOLDER.',
  },
  STORE_OUTDATED: {
    exit: 2,
    summary: 'The database was written by an earlier Everbind and is only opened for reading.',
    action: 'Run everbind renew --all-due once: it brings the database up to date and keeps a copy.',
  },
  STORE_FOREIGN: {
    exit: 2,
    summary: 'The file is the database of another program.',
    action: 'Name the state folder of Everbind with --state-dir.',
  },
  STORE_MIGRATION_CHANGED: {
    exit: 70,
    summary: 'A migration that this database has already seen is not the one in this program.',
    action: 'Install an official release; the database was made by a modified one.',
  },
  STORE_LEASE_HELD: {
    exit: 4,
    summary: 'Another Everbind is at work on this state folder.',
    action: 'Wait until it ends. A process that has died is detected without your help.',
  },
  STORE_LEASE_STALLED: {
    exit: 1,
    meaning: { resume: 'continue' },
    summary: 'Work stood still past its deadline, so Everbind gave up its right to write and ended the run.',
    action:
      'Nothing is lost: the next run goes on. If it stays, the audit log shows what each certificate did last: everbind audit log.',
  },
  STORE_LEASE_LOST: {
    exit: 4,
    meaning: { resume: 'continue' },
    summary: 'Another Everbind took over because this one did not respond.',
    action:
      'Nothing is lost: the other one goes on. Find out why this one stood still (sleep, a paused virtual machine).',
  },
});
