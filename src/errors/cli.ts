import { entries } from './entry.ts';

export const CLI_ERRORS = entries({});
