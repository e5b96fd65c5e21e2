import { entries } from './entry.ts';

export const CONFIG_ERRORS = entries({
  CONFIG_NOT_FOUND: {
    exit: 2,
    summary: 'There is no configuration file at this place.',
    action:
      'Make one with everbind add, or copy examples/everbind.yaml there and edit it; --config names another place.',
  },
  CONFIG_UNREADABLE: {
    exit: 2,
    meaning: { resume: 'continue' },
    summary: 'The configuration file cannot be read.',
    action: 'Check that it is an ordinary file, that this account may read it, and that it is not larger than allowed.',
  },
  CONFIG_UNWRITABLE: {
    exit: 1,
    summary: 'The configuration file cannot be written; it is as it was.',
    action:
      'Look at the reason: rights of this account in the folder, disk. An administrator may have to run the command.',
  },
  CONFIG_NOT_ADDED: {
    exit: 2,
    summary: 'The certificate cannot be declared like this; the configuration file is as it was.',
    action:
      'Correct the options. What everbind add has none for, such as dns-01 for a wildcard, is written into everbind.yaml: see examples/ and docs/configuration.md.',
  },
  CONFIG_INVALID: {
    exit: 2,
    summary: 'The configuration file is wrong; nothing was done.',
    action:
      'Correct each place that is named by line, column and path, then run everbind config check. docs/configuration.md describes every key.',
  },
});
