import { entries } from './entry.ts';

export const RENEWAL_ERRORS = entries({});
