/** What is known of the CAs' health. Times are ms since 1970. */
export const issuers = `
-- An issuer that failed several times in a row is left alone for a while; the row goes when it works again.
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
  PRIMARY KEY (certificate_id, issuer)
) STRICT;
`;
