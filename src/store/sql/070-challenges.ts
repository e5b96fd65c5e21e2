/** Which way of proving a name has failed, so that the next attempt goes another one. */
export const challenges = `
-- Only for names that have several ways. The row goes when that way has worked, or is configured otherwise.
CREATE TABLE challenge_failure (
  certificate_id INTEGER NOT NULL REFERENCES certificate (id),
  name TEXT NOT NULL,   -- as ordered, *.example.com for a wildcard
  config TEXT NOT NULL, -- JSON of the challenge as configured
  at INTEGER NOT NULL,
  PRIMARY KEY (certificate_id, name, config)
) STRICT, WITHOUT ROWID;
`;
