/** What is managed. Times are ms since 1970. Owners: src/renewal/state/applied-config.ts and certificate-table.ts. */
export const certificate = `
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
  due_reason TEXT NOT NULL,      -- stable word, see DueReason
  failures INTEGER NOT NULL DEFAULT 0,
  last_error TEXT,               -- JSON: code, message, at
  window_start INTEGER,          -- ARI window of the active certificate (RFC 9773), if the CA gave one
  window_end INTEGER,
  selected INTEGER,              -- the one draw in that window
  explanation_url TEXT,
  next_poll INTEGER,             -- when to ask for the ARI window again; NULL: never
  endpoints INTEGER              -- how many serve it since it was deployed last; NULL: it has no deployment
) STRICT;
CREATE INDEX certificate_due ON certificate (next_due) WHERE removed = 0;
CREATE INDEX certificate_poll ON certificate (next_poll) WHERE removed = 0 AND next_poll IS NOT NULL;
CREATE INDEX certificate_unserved ON certificate (name) WHERE removed = 0 AND endpoints = 0;
`;
