/** What keeps looking at the keys of a certificate cheap, however long its history is. */
export const keys = `
-- Keys of revoked certificates, asked for before each renewal.
CREATE INDEX issued_revoked ON issued (certificate_id, key_handle) WHERE revoked_at IS NOT NULL;

-- Renewals that came to no certificate, with keys to destroy.
CREATE INDEX renewal_unused ON renewal (certificate_id) WHERE outcome IS NOT NULL AND issued_id IS NULL AND key_destroyed = 0;
`;
