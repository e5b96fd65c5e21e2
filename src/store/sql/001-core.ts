/** Lease and audit log. */
export const core = `
CREATE TABLE lease (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  token INTEGER NOT NULL,      -- grows with every acquisition; fences writers that lost it
  holder TEXT,                 -- JSON: pid, started, boot; NULL when free
  expires_at INTEGER NOT NULL  -- ms since 1970
) STRICT;
INSERT INTO lease (id, token, holder, expires_at) VALUES (1, 0, NULL, 0);

-- The leaves of the log, from 0 without gaps.
CREATE TABLE audit_event (
  seq INTEGER PRIMARY KEY,
  event TEXT NOT NULL,         -- canonical JSON (RFC 8785)
  leaf_hash BLOB NOT NULL      -- RFC 6962 section 2.1
) STRICT;

-- One for each commit that added events.
CREATE TABLE audit_checkpoint (
  size INTEGER PRIMARY KEY,    -- leaves that it covers
  note TEXT NOT NULL           -- C2SP signed note
) STRICT;

-- Roots of the full subtrees, the largest first, 32 octets each: where appending goes on.
CREATE TABLE audit_range (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  size INTEGER NOT NULL,
  hashes BLOB NOT NULL
) STRICT;
INSERT INTO audit_range (id, size, hashes) VALUES (1, 0, x'');
`;
