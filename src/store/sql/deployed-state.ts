/** What is deployed, compared with what the server has. Owner: src/renewal/state/certificate-table.ts. */
export const deployedState = `
ALTER TABLE certificate ADD COLUMN redeploy INTEGER NOT NULL DEFAULT 0; -- 1: the certificate in use is to be deployed again, without an order
ALTER TABLE certificate ADD COLUMN next_look INTEGER; -- when to compare the server with what was deployed; NULL: never
ALTER TABLE certificate ADD COLUMN held TEXT; -- JSON: the places that held the certificate in use when it was looked last; NULL: not looked yet
ALTER TABLE certificate ADD COLUMN drift TEXT; -- JSON: what the last look found that is left as it is; NULL: nothing
CREATE INDEX certificate_look ON certificate (next_look) WHERE removed = 0 AND next_look IS NOT NULL;
CREATE INDEX certificate_drifted ON certificate (name) WHERE removed = 0 AND drift IS NOT NULL;
-- Whatever was deployed before drift was looked for is looked at soon.
UPDATE certificate SET next_look = 0 WHERE endpoints IS NOT NULL;
`;
