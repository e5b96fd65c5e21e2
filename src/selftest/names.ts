// Fixed names, so that a run can remove what a killed one left behind. Nobody else can have them: the host's top-level
// domain is reserved (RFC 2606).
export const HOST = 'selftest.everbind.invalid';
/**
 * In the name of every site, certificate and CA of a self-test. Issuer and subject of a certificate have it in UTF-8,
 * so it is found in the DER of each.
 */
export const MARK = 'Everbind selftest';
/** Root of the sites. It is not created: the sites have nothing to serve, whoever finds their ports. */
export const FOLDER = '%SystemRoot%\\Temp\\EverbindSelftest';
/** Registered with http.sys for the whole run. It ends with the process, and so also keeps two runs apart. */
export const URL_PATH = '/.well-known/everbind-selftest/';
export const STORE = 'WebHosting';
export const OTHER_STORE = 'MY';
