import { createLabCa } from '../test-ca.ts';
import type { Quirk } from './quirk.ts';
import { changingChain } from './responses.ts';

/** The certificate as it is downloaded. */
export const CERTIFICATE_QUIRKS: readonly Quirk[] = [
  {
    name: 'text stands between the certificates',
    source: 'certbot/certbot#6321',
    play: () => changingChain((blocks) => blocks.map((block) => `subject=CN = x\nissuer=CN = y\n${block}`).join('')),
  },
  {
    name: 'the root stands before the intermediate',
    source: 'PKISharp/ACME-PS#120',
    play: async ({ rootPem }) => {
      const root = await rootPem();
      return changingChain(([leaf = '', ...others]) => [leaf, root, ...others].join(''));
    },
  },
  {
    name: 'the certificate stands there twice',
    source: 'win-acme/win-acme#1119',
    play: () => changingChain(([leaf = '', ...others]) => [leaf, leaf, ...others].join('')),
  },
  {
    name: 'strangers stand beside the path',
    source: 'RFC 8555 section 9.1',
    play: async () => {
      const strangers = await Promise.all(Array.from({ length: 3 }, (_, index) => createLabCa(`${STRANGER} ${index}`)));
      return changingChain((blocks) => [...blocks, ...strangers.map(({ certificatePem }) => certificatePem)].join(''));
    },
  },
  {
    name: 'only the alternate chain leads to a trusted root',
    source: 'RFC 8555 section 7.4.2',
    pebble: { alternateRoots: 1 },
    machine: { trustedRoot: 1 },
  },
];

/** How the common names of certificates begin that nobody signed. */
export const STRANGER = 'Everbind lab: stranger';
