import { entries } from './entry.ts';

export const STORE_ERRORS = entries({});
