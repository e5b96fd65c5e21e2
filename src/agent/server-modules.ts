// What a command needs that looks at a web server. Loaded as one: each module that a released program loads by itself
// costs its start time.

export { createCngKeyStore } from '../custody/cng/store.ts';
export { createSiteChanges } from '../iis/change-sites.ts';
export { readInventory } from '../iis/inventory.ts';
export { runSelfTest } from '../selftest/self-test.ts';
export { tlsProbe } from '../verify/tls-probe.ts';
export { scanBindings } from './scan-bindings.ts';
