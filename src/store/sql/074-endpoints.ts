/** Whether a certificate is served anywhere. */
export const endpoints = `
ALTER TABLE certificate ADD COLUMN endpoints INTEGER; -- where it is served since it was put to use last; NULL: it has no deployment
CREATE INDEX certificate_unserved ON certificate (name) WHERE removed = 0 AND endpoints = 0;
`;
