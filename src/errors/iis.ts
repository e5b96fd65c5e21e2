import { entries } from './entry.ts';

export const IIS_ERRORS = entries({});
