import { parseArgs } from 'node:util';
import { processIo } from '../../src/cli/process-io.ts';
import { asEverbindError, errorReport, printError } from '../../src/cli/report.ts';
import { runDemo } from './run.ts';

const help = `npm run demo -- [--exit] [--iis FILE]

The whole job on a simulated Windows server with IIS and a real ACME CA (Pebble), all on loopback.

  --exit        end by itself; the last line is one JSON object
  --iis FILE    take this applicationHost.config instead of the built-in one
  --help        this text

Examples:
  npm run demo
  npm run demo -- --exit
  npm run demo -- --exit --iis ./applicationHost.config
`;

const io = processIo(process);
try {
  const { values } = parseArgs({
    options: { exit: { type: 'boolean' }, iis: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help === true) io.out(help);
  else process.exitCode = await runDemo(io, { exit: values.exit === true, iis: values.iis ?? null });
} catch (error) {
  if (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')) {
    io.err(`${error.message}\n\n${help}`);
    process.exitCode = 2;
  } else {
    const known = asEverbindError(error);
    printError(io, known);
    io.out(`${JSON.stringify({ ok: false, ...errorReport(known) })}\n`);
    process.exitCode = known.exitStatus;
  }
}
