/** Sealed keys and secrets. */
export const custody = `
-- A known text sealed under the master key: tells a lost or exchanged master key before anything else is tried.
CREATE TABLE custody_master (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  sealed BLOB NOT NULL,
  created_at INTEGER NOT NULL -- ms since 1970
) STRICT;

-- Private keys of the software provider.
CREATE TABLE custody_keys (
  handle TEXT PRIMARY KEY,
  algorithm TEXT NOT NULL,
  sealed BLOB NOT NULL, -- PKCS#8 DER, sealed (src/custody/sealing/seal.ts)
  created_at INTEGER NOT NULL
) STRICT;

-- Values that the configuration refers to as secret:NAME.
CREATE TABLE custody_secrets (
  name TEXT PRIMARY KEY,
  sealed BLOB NOT NULL, -- UTF-8, sealed
  created_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL
) STRICT;
`;
