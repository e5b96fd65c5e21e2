import { entries } from './entry.ts';

export const PKI_ERRORS = entries({});
