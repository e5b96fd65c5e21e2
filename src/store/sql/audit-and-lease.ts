/** Lease and audit log. */
export const auditAndLease = `
CREATE TABLE lease (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  token INTEGER NOT NULL,      -- grows with every acquisition and every release; fences writers that lost it
  holder TEXT,                 -- JSON: pid, started, boot, namespace; NULL when free
  expires_at INTEGER NOT NULL, -- ms since 1970
  ttl INTEGER NOT NULL,        -- ms: how long before expires_at it was prolonged last
  latest_time INTEGER NOT NULL DEFAULT 0 -- the latest time that a holder saw, ms since 1970: tells a clock that was put back
) STRICT;
INSERT INTO lease (id, token, holder, expires_at, ttl) VALUES (1, 0, NULL, 0, 0);

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

-- Against defects of this program; who writes to the file by other means is found by everbind audit verify.
CREATE TRIGGER audit_event_stays BEFORE UPDATE ON audit_event BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
CREATE TRIGGER audit_event_kept BEFORE DELETE ON audit_event BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
CREATE TRIGGER audit_checkpoint_stays BEFORE UPDATE ON audit_checkpoint BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
CREATE TRIGGER audit_checkpoint_kept BEFORE DELETE ON audit_checkpoint BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
`;
