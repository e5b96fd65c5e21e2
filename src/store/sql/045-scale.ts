/** What keeps looking at many certificates cheap. */
export const scale = `
-- What the CA calls the certificate when its renewal window is asked for (RFC 9773 section 4.1), so that nothing is parsed for it. NULL: it has
-- no such name, or was issued before this column was there.
ALTER TABLE issued ADD COLUMN ari_id TEXT;

-- Whether any certificate has a deployment is asked whenever there is something to renew.
CREATE INDEX certificate_deployed ON certificate (id)
  WHERE removed = 0 AND json_array_length(config, '$.deployments') > 0;
`;
