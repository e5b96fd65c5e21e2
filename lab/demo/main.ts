import { parseArgs } from 'node:util';
import { processIo } from '../../src/cli/process-io.ts';
import { errorReport, printError } from '../../src/cli/report.ts';
import { asEverbindError } from '../../src/errors/error.ts';
import { runDemo } from './run.ts';
import { NOTHING_DONE } from './summary.ts';

const help = `npm run demo -- [--exit] [--iis FILE]

The whole job on a simulated Windows server with IIS and a real ACME CA (Pebble), all on loopback.

  --exit        end by itself
  --iis FILE    take this applicationHost.config instead of the built-in one
  --help        this text

The last line is one JSON object. Exit status: 0 all well, 2 the file or the command line is wrong, 130 stopped, else 1.

Examples:
  npm run demo
  npm run demo -- --exit
  npm run demo -- --exit --iis ./applicationHost.config
`;

const io = processIo(process);
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());
try {
  const { values } = parseArgs({
    options: { exit: { type: 'boolean' }, iis: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help === true) io.out(help);
  else {
    process.exitCode = await runDemo(io, {
      exit: values.exit === true,
      iis: values.iis ?? null,
      signal: stop.signal,
    });
  }
} catch (error) {
  if (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')) {
    io.err(`${error.message}\n\n${help}`);
    process.exitCode = 2;
  } else if (stop.signal.aborted) {
    io.out(`\n${JSON.stringify({ ...NOTHING_DONE, stopped: true })}\n`);
    process.exitCode = 130;
  } else {
    const known = asEverbindError(error);
    printError(io, known);
    io.out(`${JSON.stringify({ ...NOTHING_DONE, ...errorReport(known) })}\n`);
    process.exitCode = known.exitStatus;
  }
}
