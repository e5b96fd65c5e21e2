/** Validation of names. Times are ms since 1970. */
export const challenge = `
-- Challenge responses that may be visible: removed again also after a kill.
CREATE TABLE challenge_response (
  renewal_id TEXT NOT NULL REFERENCES renewal (id),
  task TEXT NOT NULL,            -- JSON: ChallengeTask
  config TEXT NOT NULL           -- JSON: ChallengeConfig
) STRICT;
CREATE INDEX challenge_response_task ON challenge_response (task);

-- Only for names that can be validated in several ways. The row goes when that way has worked, or is configured otherwise.
CREATE TABLE challenge_failure (
  certificate_id INTEGER NOT NULL REFERENCES certificate (id),
  name TEXT NOT NULL,            -- as ordered, *.example.com for a wildcard
  config TEXT NOT NULL,          -- JSON of the challenge as configured
  at INTEGER NOT NULL,
  PRIMARY KEY (certificate_id, name, config)
) STRICT, WITHOUT ROWID;
`;
