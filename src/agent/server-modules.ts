// What a command needs that looks at a web server. Loaded as one: each module that a released program loads by itself
// costs its start time.

export { findSites } from './find-sites.ts';
export { scanBindings } from './scan-bindings.ts';
export { addBinding } from './add-binding.ts';
export { selfTest } from './self-test.ts';
