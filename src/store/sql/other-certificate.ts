/** Where visitors get another certificate. Owner: src/renewal/state/certificate-table.ts. */
export const otherCertificate = `
ALTER TABLE certificate ADD COLUMN other_certificate TEXT; -- JSON: the declared places that had another certificate after the last deployment; NULL: none
CREATE INDEX certificate_partly_served ON certificate (name) WHERE removed = 0 AND other_certificate IS NOT NULL;
`;
