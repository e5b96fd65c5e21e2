/** What is managed, the journal of renewals, what was issued. Times are ms since 1970. */
export const renewal = `
-- The last configuration that was applied: not parsed again while the file stays as it is.
CREATE TABLE applied_config (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  fingerprint TEXT NOT NULL,
  engine TEXT NOT NULL,          -- JSON: EngineConfig
  issuers TEXT NOT NULL,         -- JSON: IssuerConfig[]
  applied_at INTEGER NOT NULL
) STRICT;

CREATE TABLE certificate (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  config TEXT NOT NULL,          -- JSON: CertificateConfig
  removed INTEGER NOT NULL DEFAULT 0,
  next_due INTEGER NOT NULL,
  due_reason TEXT NOT NULL,      -- stable word, see src/renewal/schedule/due-date.ts
  failures INTEGER NOT NULL DEFAULT 0,
  last_error TEXT,               -- JSON: code, message, at
  window_start INTEGER,          -- ARI window of the active certificate (RFC 9773), if the CA gave one
  window_end INTEGER,
  selected INTEGER,              -- the one draw in that window
  explanation_url TEXT,
  next_poll INTEGER              -- when to ask for the window again; NULL: never
) STRICT;
CREATE INDEX certificate_due ON certificate (next_due) WHERE removed = 0;
CREATE INDEX certificate_poll ON certificate (next_poll) WHERE removed = 0 AND next_poll IS NOT NULL;

CREATE TABLE account (
  issuer TEXT NOT NULL,
  directory TEXT NOT NULL,
  key_handle TEXT NOT NULL,      -- written before the key is made
  url TEXT,                      -- NULL until the CA has answered
  PRIMARY KEY (issuer, directory)
) STRICT;

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
  issued_id INTEGER REFERENCES issued (id),
  deployments TEXT,              -- JSON: DeploymentConfig[] that the plans are for
  plans TEXT,                    -- JSON: DeploymentPlan[], with the snapshot to go back to
  rollbacks INTEGER NOT NULL DEFAULT 0,
  started_at INTEGER NOT NULL,
  finished_at INTEGER,
  key_destroyed INTEGER NOT NULL DEFAULT 0  -- the key of a renewal that came to no certificate
) STRICT;
CREATE UNIQUE INDEX renewal_open ON renewal (certificate_id) WHERE outcome IS NULL;
CREATE INDEX renewal_history ON renewal (certificate_id, started_at);
-- Not unique: some CAs answer a new order for the same names with the one that is pending still.
CREATE INDEX renewal_order ON renewal (order_url) WHERE order_url IS NOT NULL;

-- Challenges whose answers may be visible: removed again also after a kill.
CREATE TABLE presented (
  renewal_id TEXT NOT NULL REFERENCES renewal (id),
  task TEXT NOT NULL,            -- JSON: ChallengeTask
  config TEXT NOT NULL           -- JSON: ChallengeConfig
) STRICT;
CREATE INDEX presented_task ON presented (task);

CREATE TABLE issued (
  id INTEGER PRIMARY KEY,
  certificate_id INTEGER NOT NULL REFERENCES certificate (id),
  thumbprint TEXT NOT NULL,      -- SHA-1, lower-case hex
  status TEXT NOT NULL,          -- see IssuedStatus in src/renewal/state/types.ts
  chain TEXT NOT NULL,           -- PEM, leaf first; empty once retired
  algorithm TEXT NOT NULL,       -- of the key
  key_handle TEXT NOT NULL,
  issuer TEXT NOT NULL,
  account_url TEXT NOT NULL,
  not_before INTEGER NOT NULL,
  not_after INTEGER NOT NULL,
  issued_at INTEGER NOT NULL,
  revoked_at INTEGER,
  retire_at INTEGER              -- when to try to remove it; NULL unless retiring
) STRICT;
CREATE INDEX issued_retire ON issued (retire_at) WHERE retire_at IS NOT NULL;
CREATE INDEX issued_certificate ON issued (certificate_id, status);
CREATE INDEX issued_thumbprint ON issued (thumbprint);
`;
