import { entries } from './entry.ts';

export const VERIFY_ERRORS = entries({});
