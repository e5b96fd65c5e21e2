import { entries } from './entry.ts';

export const CUSTODY_ERRORS = entries({});
