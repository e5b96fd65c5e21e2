import { entries } from './entry.ts';

export const AUDIT_ERRORS = entries({});
