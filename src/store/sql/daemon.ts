/** The process that stays up and renews what falls due. */
export const daemon = `
CREATE TABLE daemon (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  pid INTEGER NOT NULL,
  started_at INTEGER NOT NULL,   -- ms since 1970
  seen_at INTEGER NOT NULL,
  next_wake INTEGER NOT NULL,
  trouble TEXT                   -- JSON: code, message, at; NULL while all is well
) STRICT;
`;
