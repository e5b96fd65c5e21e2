/**
 * Pauses that hosts asked for, for each CA on its own: a CA names the hosts of its URLs as it likes, so what one of
 * them is told holds back no other. Those from before hold for every CA that is known. Owner:
 * src/renewal/state/issuer-health.ts.
 */
export const hostBackoffPerIssuer = `
ALTER TABLE host_backoff RENAME TO host_backoff_of_all;
CREATE TABLE host_backoff (
  directory TEXT NOT NULL,       -- of the CA whose requests are held back
  host TEXT NOT NULL,
  until INTEGER NOT NULL,
  noted_at INTEGER NOT NULL,     -- later than now: the clock was put back
  PRIMARY KEY (directory, host)
) STRICT;
INSERT INTO host_backoff (directory, host, until, noted_at)
  SELECT a.directory, h.host, h.until, h.noted_at FROM host_backoff_of_all h, (SELECT DISTINCT directory FROM account) a;
DROP TABLE host_backoff_of_all;
`;
