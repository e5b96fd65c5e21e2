// What a command needs that talks to CAs and to Windows. Loaded as one: each module that a released program loads by itself costs its start time.

export { checkCertificates } from './check-certificates.ts';
export { withDryRunEngine } from './compose-dry-run.ts';
export { openHostParts } from './host-parts.ts';
export { certificateRoots, openHostTransport, openTransport } from './issuer-parts.ts';
export { preflightOrder } from './preflight-order.ts';
