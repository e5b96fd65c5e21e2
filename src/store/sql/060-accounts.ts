/** Keys of accounts: how old they are, and the change from one to the next. Times are ms since 1970. */
export const accounts = `
ALTER TABLE account ADD COLUMN key_at INTEGER;                         -- when the key was made; NULL: not known
ALTER TABLE account ADD COLUMN next_key TEXT;                          -- key of a rollover under way, written before it is made; NULL: none
ALTER TABLE account ADD COLUMN rollover_after INTEGER NOT NULL DEFAULT 0; -- not tried before: the last one failed
ALTER TABLE account ADD COLUMN rollover_code TEXT;                     -- why it failed
UPDATE account SET key_at = (SELECT created_at FROM custody_keys WHERE handle = key_handle);

-- Keys that nothing uses any more, or that are made for one use; written in the commit that says so.
CREATE TABLE spent_key (
  handle TEXT PRIMARY KEY,
  subject TEXT NOT NULL,         -- of the audit event: an issuer, a certificate
  destroy_at INTEGER NOT NULL    -- not before
) STRICT;
CREATE INDEX spent_key_due ON spent_key (destroy_at);
`;
