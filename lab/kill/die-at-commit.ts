import { DatabaseSync } from 'node:sqlite';

/**
 * Has this process kill or stop itself at its n-th commit (from 1; null: never), right before it reaches the disk or
 * right after. The product knows nothing of this: SQLite's COMMIT is what is watched, below all of it. Returns what
 * counts the commits so far.
 */
export function dieAtCommit(
  commit: number | null,
  when: 'before' | 'after',
  signal: 'SIGKILL' | 'SIGSTOP' = 'SIGKILL',
): () => number {
  let commits = 0;
  const exec = DatabaseSync.prototype.exec;
  DatabaseSync.prototype.exec = function (sql) {
    if (sql !== 'COMMIT') return exec.call(this, sql);
    commits += 1;
    if (commits === commit && when === 'before') process.kill(process.pid, signal);
    exec.call(this, sql);
    if (commits === commit && when === 'after') process.kill(process.pid, signal);
  };
  return () => commits;
}
