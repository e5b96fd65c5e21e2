import { DatabaseSync } from 'node:sqlite';
import { main } from '../../../src/cli/product.ts';

// The product, that ends itself at a given commit: EVERBIND_LAB_KILL is `before:N` or `after:N`, N from 1. The product
// knows nothing of this: SQLite's COMMIT is what is watched, below all of it.

const [when, nth] = (process.env['EVERBIND_LAB_KILL'] ?? 'never:0').split(':');
let commits = 0;
const exec = DatabaseSync.prototype.exec;
DatabaseSync.prototype.exec = function (sql) {
  if (sql !== 'COMMIT') return exec.call(this, sql);
  commits += 1;
  const now = commits === Number(nth);
  // On Windows any signal is TerminateProcess.
  if (now && when === 'before') process.kill(process.pid, 'SIGKILL');
  exec.call(this, sql);
  if (now && when === 'after') process.kill(process.pid, 'SIGKILL');
};
process.exitCode = await main(process);
process.stderr.write(`commits ${commits}\n`);
