/** Whether anybody has seen a certificate served. Owner: src/renewal/state/certificate-table.ts. */
export const verifiedEndpoints = `
ALTER TABLE certificate ADD COLUMN verified INTEGER; -- how many of the endpoints that were looked at since the last deployment served it; NULL: none was looked at
CREATE INDEX certificate_unverified ON certificate (name) WHERE removed = 0 AND verified = 0;
`;
