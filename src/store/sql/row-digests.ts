/** What each row is compared with when it is read. Owner: src/store/row-digest.ts. */
export const rowDigests = `
ALTER TABLE applied_config ADD COLUMN digest BLOB; -- SHA-256 of all other columns
ALTER TABLE certificate ADD COLUMN digest BLOB;
ALTER TABLE issued ADD COLUMN digest BLOB;
ALTER TABLE renewal ADD COLUMN digest BLOB;
ALTER TABLE account ADD COLUMN digest BLOB;
`;
