// What a command needs that talks to CAs and to Windows. Loaded as one: each module that a released program loads by
// itself costs its start time.

export { checkIssued } from '../pki/check-issued.ts';
export { createAcmeAccounts } from '../renewal/issuers/acme/acme-accounts.ts';
export { createAcmeIssuers } from '../renewal/issuers/acme/acme-issuer.ts';
export { previewOrder } from '../renewal/issuers/acme/order/preview.ts';
export { checkCertificates } from './check-certificates.ts';
export { withDryRunEngine } from './compose-dry-run.ts';
export { openHostParts } from './host-parts.ts';
export { certificateRoots, openHostTransport, openTransport } from './issuer-parts.ts';
export { preflightOrder } from './preflight-order.ts';
