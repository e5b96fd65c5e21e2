import { entries } from './entry.ts';

export const CLI_ERRORS = entries({
  CLI_USAGE: {
    exit: 2,
    summary: 'The command line is wrong.',
    action: 'See everbind COMMAND --help for the options and examples.',
  },
  CLI_UNKNOWN_CERTIFICATE: {
    exit: 2,
    summary: 'No managed certificate has this name.',
    action: 'See everbind list for the names.',
  },
  CLI_CANCELLED: {
    exit: 1,
    summary: 'The question was answered with no, or nobody was there to answer it.',
    action: 'Repeat the command with --yes to go on without the question.',
  },
});
