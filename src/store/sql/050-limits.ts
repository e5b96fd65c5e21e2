/** What the CAs allow: what was spent of it, and what they asked us to wait for. Times are ms since 1970. */
export const limits = `
-- Buckets of tokens that are not full, see src/renewal/schedule/token-bucket.ts. A full one has no row.
CREATE TABLE budget (
  directory TEXT NOT NULL,       -- of the CA
  account TEXT NOT NULL,         -- name of the issuer, or empty for what all accounts share
  kind TEXT NOT NULL,            -- LimitKind
  subject TEXT NOT NULL,         -- a name, a registered domain, a set of names; empty for the account as a whole
  full_at INTEGER NOT NULL,      -- when it is full again
  promised_at INTEGER NOT NULL,  -- end of the queue of certificates that wait for it
  noted_at INTEGER NOT NULL,     -- later than now: the clock was put back
  PRIMARY KEY (directory, account, kind, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX budget_full ON budget (full_at);
CREATE INDEX budget_noted ON budget (noted_at);

-- JSON: the charges that its beginning took; NULL for none, and once they were given back.
ALTER TABLE renewal ADD COLUMN spent TEXT;

-- Where a person can have the CA lift its refusal.
ALTER TABLE issuer_refusal ADD COLUMN link TEXT;

-- Hosts that asked to be left alone for longer than anybody waits for an answer.
CREATE TABLE host_hold (
  host TEXT PRIMARY KEY,
  until INTEGER NOT NULL,
  noted_at INTEGER NOT NULL
) STRICT;
`;
