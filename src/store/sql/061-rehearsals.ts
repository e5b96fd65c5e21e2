/** Attempts that are tried at a CA's staging environment before the CA itself. */
export const rehearsals = `
-- Certificates whose last attempt counted against limits of their CA. The row goes when one is issued.
CREATE TABLE rehearsal (
  certificate_id INTEGER PRIMARY KEY REFERENCES certificate (id),
  failed INTEGER NOT NULL DEFAULT 0, -- rehearsals in a row
  account_url TEXT,                  -- at the staging environment, with the order that was made there last
  order_url TEXT,
  over TEXT                          -- id of the renewal whose rehearsal has ended
) STRICT;
`;
