import { parseArgs } from 'node:util';
import { processIo } from '../../src/cli/process-io.ts';
import { wrap } from '../../src/cli/output/text.ts';
import { printError } from '../../src/cli/report.ts';
import { asEverbindError } from '../../src/errors/error.ts';
import { DOUBLES } from '../beliefs/doubles.ts';
import { checkBeliefs } from '../beliefs/run.ts';
import { SABOTAGES } from '../beliefs/sabotage.ts';
import { runTest } from '../beliefs/switch-back.ts';
import { BELIEFS } from '../beliefs/table/all.ts';
import { ensureLab } from './lab.ts';
import { runLabRenewal } from './renew/run.ts';

const help = `npm run lab -- up | renew | beliefs [--json] [--sabotage NAME]

Everbind's win32 build on Windows binaries: node.exe under Wine, with doubles for what Wine lacks
(docs/verification.md).

  up       make the lab: a Debian system with Wine, kept for the next time
  renew    the whole job in a new Wine prefix: two renewals and a roll-back
  beliefs  what the code believes of Windows (docs/windows-beliefs.md): each named test exists, and those of changed
           doubles fail when the double is switched back to the old belief

  --json           print the last line only
  --sabotage NAME  beliefs: spoil the table or a double, which must be seen. NAME is one of
                   ${wrap(Object.keys(SABOTAGES).join(', '), 80).join(`\n${' '.repeat(19)}`)}

Needs root on Debian, and about two minutes the first time. Exit status: 0 all is well, 1 it is not, 2 wrong usage.

Examples:
  npm run lab -- up
  npm run lab -- renew
  npm run lab -- beliefs
`;

const io = processIo(process);
try {
  process.exitCode = await main();
} catch (error) {
  printError(io, asEverbindError(error));
  process.exitCode = 1;
}

function parsed() {
  return parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      sabotage: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
}

function wrongUsage(problem: string): number {
  io.err(`error: ${problem}\n(--help shows the usage)\n`);
  return 2;
}

async function main(): Promise<number> {
  let usage: ReturnType<typeof parsed>;
  try {
    usage = parsed();
  } catch (error) {
    return wrongUsage(error instanceof Error ? error.message : 'wrong usage');
  }
  const { values, positionals } = usage;
  const [command] = positionals;
  if (values.help) {
    io.out(help);
    return 0;
  }
  if (positionals.length !== 1) return wrongUsage('one of up, renew and beliefs is wanted');
  if (command !== 'up' && command !== 'renew' && command !== 'beliefs') {
    return wrongUsage(`there is no ${command}; one of up, renew and beliefs is wanted`);
  }
  const sabotage = values.sabotage === undefined ? null : (SABOTAGES[values.sabotage] ?? 'unknown');
  if (sabotage === 'unknown') return wrongUsage(`no sabotage is ${values.sabotage}`);
  if (sabotage !== null && command !== 'beliefs') return wrongUsage('--sabotage works with beliefs only');
  if (command === 'beliefs') {
    const spoil = sabotage ?? ((options) => options);
    const table = { beliefs: BELIEFS, doubles: DOUBLES };
    const say = (line: string): void => {
      if (!values.json) io.out(`${line}\n`);
    };
    const checked = await checkBeliefs(spoil({ table, run: runTest, say, alsoAsTheyAre: true, concurrency: 2 }));
    io.out(`${JSON.stringify(checked)}\n`);
    return checked.ok ? 0 : 1;
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
