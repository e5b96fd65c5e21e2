// Fixed names, so that a run can remove what a killed one left behind. Nobody else can have them: the host's top-level
// domain is reserved (RFC 2606).
export const SITE = 'Everbind selftest';
export const HOST = 'selftest.everbind.invalid';
export const KEYS: readonly [string, string] = ['selftest-1', 'selftest-2'];
export const FRIENDLY_NAME = 'Everbind selftest';
/** Root of the site. It is not created: the site has nothing to serve, whoever finds its port. */
export const FOLDER = '%SystemRoot%\\Temp\\EverbindSelftest';
/** Registered with http.sys for the whole run. It ends with the process, and so also keeps two runs apart. */
export const URL_PATH = '/.well-known/everbind-selftest/';
export const STORE = 'WebHosting';
