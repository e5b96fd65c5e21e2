import { entries } from './entry.ts';

export const CONFIG_ERRORS = entries({});
