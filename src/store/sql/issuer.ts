/** What is known of issuers: our accounts, their health, what their limits still allow. Times are ms since 1970. */
export const issuer = `
CREATE TABLE account (
  issuer TEXT NOT NULL,
  directory TEXT NOT NULL,
  key_handle TEXT NOT NULL,      -- written before the key is made
  url TEXT,                      -- NULL until the CA has answered
  key_at INTEGER,                -- when the key was made; NULL: not known
  next_key TEXT,                 -- key of a rollover under way, written before it is made; NULL: none
  rollover_after INTEGER NOT NULL DEFAULT 0, -- not tried before: the last one failed
  rollover_code TEXT,            -- why it failed
  PRIMARY KEY (issuer, directory)
) STRICT;

-- An issuer that failed several times in a row is not asked for a while; the row goes when it works again.
CREATE TABLE issuer_health (
  issuer TEXT PRIMARY KEY,
  failures INTEGER NOT NULL,     -- in a row, whichever certificate they were for
  closed_until INTEGER NOT NULL, -- not asked before; 0 while it is still asked
  code TEXT NOT NULL             -- of the last failure
) STRICT;

-- An issuer that will not issue this certificate for now: a CAA record, a rejected name, a rate limit.
CREATE TABLE issuer_refusal (
  certificate_id INTEGER NOT NULL REFERENCES certificate (id),
  issuer TEXT NOT NULL,
  until INTEGER NOT NULL,
  code TEXT NOT NULL,
  link TEXT,                     -- where a person can have the CA lift its refusal
  PRIMARY KEY (certificate_id, issuer)
) STRICT;

-- Hosts that asked us to stay away for longer than anybody waits for a response.
CREATE TABLE host_backoff (
  host TEXT PRIMARY KEY,
  until INTEGER NOT NULL,
  noted_at INTEGER NOT NULL      -- later than now: the clock was put back
) STRICT;

-- Token buckets that are not full, see src/renewal/schedule/token-bucket.ts. A full one has no row.
CREATE TABLE bucket (
  directory TEXT NOT NULL,       -- of the CA
  account TEXT NOT NULL,         -- name of the issuer, or empty for what all accounts share
  kind TEXT NOT NULL,            -- LimitKind
  subject TEXT NOT NULL,         -- a name, a registered domain, a set of names; empty for the account as a whole
  full_at INTEGER NOT NULL,      -- when it is full again
  promised_at INTEGER NOT NULL,  -- end of the queue of certificates that wait for it
  noted_at INTEGER NOT NULL,     -- later than now: the clock was put back
  PRIMARY KEY (directory, account, kind, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX bucket_full ON bucket (full_at);
CREATE INDEX bucket_noted ON bucket (noted_at);

-- Certificates whose last attempt counted against limits of their CA: the next one is tried at its staging environment first. The row goes when
-- a certificate is issued.
CREATE TABLE staging_run (
  certificate_id INTEGER PRIMARY KEY REFERENCES certificate (id),
  failed INTEGER NOT NULL DEFAULT 0, -- staging runs in a row
  account_url TEXT,              -- at the staging environment, with the order that was made there last
  order_url TEXT,
  over TEXT                      -- id of the renewal whose staging run has ended
) STRICT;

-- Keys that nothing uses any more, or that are made for one use; written in the commit that says so.
CREATE TABLE key_deletion (
  handle TEXT PRIMARY KEY,
  subject TEXT NOT NULL,         -- of the audit event: an issuer, a certificate
  destroy_at INTEGER NOT NULL    -- not before
) STRICT;
CREATE INDEX key_deletion_due ON key_deletion (destroy_at);
`;
