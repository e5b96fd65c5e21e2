/**
 * The journal of renewals and what was issued. Times are ms since 1970. Owners: renewal-table.ts and issued-table.ts of
 * src/renewal/state.
 */
export const renewal = `
-- The journal: how far each renewal has come, written ahead of what cannot be repeated.
CREATE TABLE renewal (
  id TEXT PRIMARY KEY,
  certificate_id INTEGER NOT NULL REFERENCES certificate (id),
  kind TEXT NOT NULL,            -- renewal, rollback
  step TEXT NOT NULL,            -- see docs/renewal.md
  outcome TEXT,                  -- NULL while open; renewed, rolledBack, failed, superseded
  issuer TEXT NOT NULL,
  identifiers TEXT NOT NULL,     -- JSON
  algorithm TEXT NOT NULL,       -- of the key
  key_handle TEXT NOT NULL,
  account_url TEXT,
  order_url TEXT,
  authorized_at INTEGER,         -- since when the CA may have issued the certificate; NULL: it was not asked yet
  issued_id INTEGER REFERENCES issued (id),
  deployments TEXT,              -- JSON: DeploymentConfig[] that the plans are for
  plans TEXT,                    -- JSON: DeploymentPlan[], with the snapshot to go back to
  rollbacks INTEGER NOT NULL DEFAULT 0,
  costs TEXT,                    -- JSON: the tokens that its beginning took; NULL for none, and once they were given back
  started_at INTEGER NOT NULL,
  finished_at INTEGER,
  key_destroyed INTEGER NOT NULL DEFAULT 0  -- the key of a renewal that came to no certificate
) STRICT;
CREATE UNIQUE INDEX renewal_open ON renewal (certificate_id) WHERE outcome IS NULL;
CREATE INDEX renewal_history ON renewal (certificate_id, started_at);
-- Not unique: some CAs answer a new order for the same names with the one that is pending still.
CREATE INDEX renewal_order ON renewal (order_url) WHERE order_url IS NOT NULL;
-- Renewals that came to no certificate, with keys to destroy.
CREATE INDEX renewal_unused ON renewal (certificate_id) WHERE outcome IS NOT NULL AND issued_id IS NULL AND key_destroyed = 0;

CREATE TABLE issued (
  id INTEGER PRIMARY KEY,
  certificate_id INTEGER NOT NULL REFERENCES certificate (id),
  thumbprint TEXT NOT NULL,      -- SHA-1, lower-case hex
  status TEXT NOT NULL,          -- see IssuedStatus
  chain TEXT NOT NULL,           -- PEM, leaf first; empty once retired
  algorithm TEXT NOT NULL,       -- of the key
  key_handle TEXT NOT NULL,
  issuer TEXT NOT NULL,
  account_url TEXT NOT NULL,
  ari_id TEXT,                   -- what its CA calls it (RFC 9773 section 4.1); NULL: it has no such name
  not_before INTEGER NOT NULL,
  not_after INTEGER NOT NULL,
  issued_at INTEGER NOT NULL,
  revoked_at INTEGER,
  retire_at INTEGER              -- when to try to remove it; NULL unless retiring
) STRICT;
CREATE INDEX issued_retire ON issued (retire_at) WHERE retire_at IS NOT NULL;
CREATE INDEX issued_certificate ON issued (certificate_id, status);
CREATE INDEX issued_thumbprint ON issued (thumbprint);
-- Keys of revoked certificates, asked for before each renewal.
CREATE INDEX issued_revoked ON issued (certificate_id, key_handle) WHERE revoked_at IS NOT NULL;
`;
