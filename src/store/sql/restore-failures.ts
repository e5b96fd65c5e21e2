/** How often in a row the bindings of a renewal could not be restored. */
export const restoreFailures = `
ALTER TABLE renewal ADD COLUMN restore_failures INTEGER NOT NULL DEFAULT 0;
`;
