import { type FileHandle, open } from 'node:fs/promises';

/** Brings the write-ahead log of one open database to disk without standing in the way of anything else. */
export interface LogSync {
  /** Resolves when every commit before the call is on the disk. Rejects with the error of the file system. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * For the database at `path`, which stays open meanwhile: SQLite removes the log only with its last connection. A
 * commit is durable once its frames in the log are (sqlite.org/wal.html); SQLite itself syncs log and database where a
 * checkpoint needs it.
 */
export function createLogSync(path: string): LogSync {
  let log: Promise<FileHandle> | null = null;
  return {
    sync: async () => {
      // Windows flushes only what may be written.
      log ??= open(`${path}-wal`, 'r+');
      await (await log).datasync();
    },
    close: async () => {
      const opened = log;
      log = null;
      await (await opened?.catch(() => null))?.close();
    },
  };
}
