import { entries } from './entry.ts';

export const CHALLENGE_ERRORS = entries({});
