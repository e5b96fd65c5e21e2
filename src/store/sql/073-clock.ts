/** Whether the clock was put back since. */
export const clock = `
ALTER TABLE lease ADD COLUMN latest_time INTEGER NOT NULL DEFAULT 0; -- the latest time that a holder saw, ms since 1970
`;
