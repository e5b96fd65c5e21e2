import { entries } from './entry.ts';

export const INTERNAL_ERRORS = entries({
  INTERNAL: {
    exit: 70,
    summary: 'A defect in Everbind.',
    action: 'Please report it with the log; state is kept and the next run resumes.',
  },
});
