import { closeSync, openSync, readdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Octets. A checkpoint has about 200. */
const MOST_OCTETS = 64 * 1024;

/** The file is written at most this often while commits go on, and when the store is closed. */
const INTERVAL_MS = 1000;

/** Keeps the newest checkpoint in a file beside the database. It shows when the database was put back or cut short. */
export interface CheckpointPin {
  /** Writes the checkpoint soon. Never fails: the log does not depend on the file. */
  keep(note: string): void;
  /** The content of the file; null when there is none or it cannot be read. */
  read(): string | null;
  /** Renames the file, to keep its content as evidence. Never fails. */
  setAside(): void;
  /** Waits until the newest checkpoint is written. */
  close(): Promise<void>;
}

export function createCheckpointPin(database: string): CheckpointPin {
  const path = pinPath(database);
  const stop = new AbortController();
  let newest: string | null = null;
  let writing: Promise<void> | null = null;

  async function write(): Promise<void> {
    while (newest !== null) {
      const note = newest;
      newest = null;
      await replace(path, note).catch(() => {
        // Somebody has the file open (Windows), or the disk is full. We try again later, unless the store is closed.
        if (!stop.signal.aborted) newest ??= note;
      });
      await sleep(INTERVAL_MS, undefined, { signal: stop.signal, ref: false }).catch(() => undefined);
    }
    writing = null;
  }

  return {
    keep: (note) => {
      newest = note;
      writing ??= write();
    },
    read: () => readBounded(path),
    setAside: () => {
      const note = readBounded(path) ?? '';
      const name = `${path}.conflict-${createHash('sha256').update(note).digest('hex').slice(0, 16)}`;
      try {
        renameSync(path, name);
      } catch {
        // The log has its content as well.
      }
    },
    close: async () => {
      stop.abort();
      await writing;
    },
  };
}

/** The pinned checkpoint of a database, and every one that was set aside because the log did not continue it. */
export function readPins(database: string): readonly { readonly label: string; readonly note: string }[] {
  const name = basename(pinPath(database));
  const folder = dirname(database);
  return readdirSync(folder)
    .filter((file) => file === name || file.startsWith(`${name}.conflict-`))
    .sort()
    .map((label) => ({ label, note: readBounded(join(folder, label)) ?? '' }));
}

function pinPath(database: string): string {
  return join(dirname(database), 'audit.checkpoint');
}

/** Syncs the new file before it replaces the old one, so that a loss of power leaves one of the two. */
async function replace(path: string, note: string): Promise<void> {
  const next = `${path}.new`;
  await rm(next, { force: true });
  const file = await open(next, 'wx', 0o600);
  try {
    await file.writeFile(note);
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(next, path);
}

function readBounded(path: string): string | null {
  try {
    const file = openSync(path, 'r');
    try {
      return statSync(path).size > MOST_OCTETS ? null : readFileSync(file, 'utf8');
    } finally {
      closeSync(file);
    }
  } catch {
    return null;
  }
}
