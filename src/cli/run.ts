import { Command, CommanderError } from 'commander';
import { helpText } from './help.ts';
import { registerCommands } from './commands/all.ts';
import { sayJson } from './output/json.ts';
import { asEverbindError, EverbindError } from '../errors/error.ts';
import { errorReport, printError } from './report.ts';
import { VERSION } from '../agent/version.ts';
import type { CliEnvironment } from './environment.ts';

/** Runs one command line (without node and script) and returns the exit status; see docs/errors.md. Never throws. */
export async function runCli(argv: readonly string[], environment: CliEnvironment): Promise<number> {
  const { io } = environment;
  const json = argv.includes('--json');
  let status = 0;
  const program = new Command('everbind')
    .description('Renews the TLS certificates of an IIS server: securely, unattended, with an audit log.')
    .version(`everbind ${VERSION}`, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help for a command')
    .addHelpText('after', helpText(['everbind scan', 'everbind add shop --site Shop', 'everbind renew --all-due']))
    .showHelpAfterError('(add --help for the options and examples)')
    .configureOutput({
      writeOut: (text) => io.out(text),
      writeErr: (text) => (json ? undefined : io.err(text)),
      getOutHelpWidth: () => io.columns,
      getErrHelpWidth: () => io.columns,
    })
    .exitOverride();
  registerCommands(program, environment, (value) => {
    status = value;
  });
  try {
    if (argv.length === 0) {
      program.outputHelp();
      return 2;
    }
    await program.parseAsync(argv, { from: 'user' });
    return status;
  } catch (error) {
    if (error instanceof CommanderError && (error.exitCode === 0 || !json)) return error.exitCode === 0 ? 0 : 2;
    const known = error instanceof CommanderError ? usageError(error) : asEverbindError(error);
    if (json) sayJson(io, errorReport(known));
    else printError(io, known);
    return known.exitStatus;
  }
}

function usageError(error: CommanderError): EverbindError {
  return new EverbindError('CLI_USAGE', error.message.replace(/^error: /, ''), {}, { cause: error });
}
