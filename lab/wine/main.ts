import { parseArgs } from 'node:util';
import { processIo } from '../../src/cli/process-io.ts';
import { printError } from '../../src/cli/report.ts';
import { asEverbindError } from '../../src/errors/error.ts';
import { ensureLab } from './lab.ts';
import { runLabRenewal } from './renew/run.ts';

const help = `npm run lab -- up | renew [--json]

Everbind's win32 build on Windows binaries: node.exe under Wine, with doubles for what Wine lacks (docs/verification.md).

  up       make the lab: a Debian system with Wine, kept for the next time
  renew    the whole job in a new Wine prefix: two renewals and a roll-back

  --json   print the last line only

Needs root on Debian, and about two minutes the first time. Exit status: 0 all is well, 1 it is not, 2 wrong usage.

Examples:
  npm run lab -- up
  npm run lab -- renew
`;

const io = processIo(process);
try {
  process.exitCode = await main();
} catch (error) {
  printError(io, asEverbindError(error));
  process.exitCode = 1;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h', default: false } },
  });
  const [command] = positionals;
  if (values.help) {
    io.out(help);
    return 0;
  }
  if (positionals.length !== 1 || (command !== 'up' && command !== 'renew')) {
    io.err(help);
    return 2;
  }
  const began = performance.now();
  if (command === 'up') {
    const { root } = await ensureLab();
    const seconds = Math.round(performance.now() - began) / 1000;
    if (!values.json) io.out(`The lab is ready in ${root}.\n`);
    io.out(`${JSON.stringify({ root, seconds, ok: true })}\n`);
    return 0;
  }
  const summary = await runLabRenewal(values.json ? { ...io, out: () => {}, err: () => {} } : io);
  io.out(`${values.json ? '' : '\n'}${JSON.stringify(summary)}\n`);
  return summary.ok ? 0 : 1;
}
