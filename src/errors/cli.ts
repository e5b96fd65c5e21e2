import { entries } from './entry.ts';

export const CLI_ERRORS = entries({
  CLI_USAGE: {
    exit: 2,
    summary: 'The command line is wrong.',
    action: 'See everbind COMMAND --help for the options and examples.',
  },
  CLI_ENVIRONMENT: {
    exit: 2,
    summary: 'A variable of the environment loads code into Everbind, or changes how it encrypts; nothing was done.',
    action:
      'Find out who set the variable that is named. Start Everbind without it: in a service or a scheduled task, remove it from the variables of the machine and of the account.',
  },
  CLI_CANCELLED: {
    exit: 1,
    summary: 'The question was answered with no, or nobody was there to answer it.',
    action: 'Repeat the command with --yes to go on without the question.',
  },
  CLI_INTERRUPTED: {
    exit: 130,
    summary: 'The command was told to stop (Ctrl+C, or the end of a service) and stopped at the next safe point.',
    action:
      'Nothing is lost: repeat the command. A renewal that was interrupted goes on at the next everbind renew --all-due.',
  },
});
