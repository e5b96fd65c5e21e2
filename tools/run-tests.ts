import { existsSync, globSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

// Every test file, each in a process of its own. `node --test` takes files by name and would begin some of the longest
// when all else is done.

/** Begin first, the longest at the top. All others take seconds. */
const LONGEST = [
  'test/lab/wine/wine-server.test.ts',
  'test/agent/saga/kill.test.ts',
  'test/renewal/engine/kill.test.ts',
  'test/lab/interop/dns.test.ts',
  'test/lab/interop/cas.test.ts',
  'test/renewal/engine/no-dead-ends.test.ts',
  'test/agent/daemon/day.test.ts',
];
/**
 * Many tests wait for a time limit or for another program, so that one file more than there are processors keeps those
 * busy.
 */
const AT_ONCE = availableParallelism() + 1;
/** For one file. */
const TIMEOUT_MS = 900_000;

// The files share most of what they import: what one has compiled the next one reads, and so do the programs that tests
// start.
const compiled = mkdtempSync(join(tmpdir(), 'everbind-compiled-'));
process.once('exit', () => rmSync(compiled, { recursive: true, force: true }));
process.env['NODE_COMPILE_CACHE'] = compiled;

const missing = LONGEST.filter((file) => !existsSync(file));
if (missing.length > 0) throw new Error(`no such test: ${missing.join(', ')}`);
const others = globSync('test/**/*.test.ts').filter((file) => !LONGEST.includes(file));
const events = run({ files: [...LONGEST, ...others.sort()], concurrency: AT_ONCE, timeout: TIMEOUT_MS });
events.on('test:fail', ({ todo }) => {
  if (todo === undefined || todo === false) process.exitCode = 1;
});
events.compose(spec).pipe(process.stdout);
