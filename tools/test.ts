import { spawn } from 'node:child_process';
import { ensurePrograms } from '../lab/debian-programs.ts';

// `npm test`: static checks, the test suites, the corpus. Each part runs to its end so that one failure does not hide
// another.

interface Part {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
}

const node = process.execPath;
const parts: readonly Part[] = [
  { name: 'checks', file: node, args: ['tools/check.ts'] },
  { name: 'corpus', file: node, args: ['lab/corpus/main.ts'] },
  { name: 'tests', file: node, args: ['tools/run-tests.ts'] },
];

// git: the wall checker asks it which files there are; openssl: the independent peer of many tests.
await ensurePrograms({ git: 'git', openssl: 'openssl' });

const wanted = process.argv.slice(2);
const failed: string[] = [];
for (const part of parts.filter((candidate) => wanted.length === 0 || wanted.includes(candidate.name))) {
  console.log(`\n== ${part.name}`);
  const started = Date.now();
  const status = await run(part);
  console.log(
    `== ${part.name}: ${status === 0 ? 'ok' : `failed (${status})`} in ${((Date.now() - started) / 1000).toFixed(1)} s`,
  );
  if (status !== 0) failed.push(part.name);
}
if (failed.length > 0) {
  console.error(`\nfailed: ${failed.join(', ')}`);
  process.exitCode = 1;
}

function run(part: Part): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(part.file, part.args, { stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 128));
  });
}
