import { type Belief, test } from '../belief.ts';

const store = 'src/windows/stores/certificate-store.ts';
const contract = 'ports/windows-host-certificates.ts';

/** Certificate stores of the machine. */
export const stores: readonly Belief[] = [
  {
    id: 'A94',
    belief: 'The stores have these names; WebHosting exists since 2012.',
    verdict: 'confirmed',
    source: 'IIS documentation',
    reliesOn: [store],
    test: test(contract, 'keeps an imported certificate with its key, in that store only'),
  },
  {
    id: 'A95',
    belief: 'Opening a store that is not there makes it, unless only an existing one is asked for.',
    verdict: 'unknown',
    question: 3,
    meanwhile: 'Reading never makes one; what was written is read back.',
    reliesOn: [store],
    test: test(contract, 'adds a certificate without key, again without error, and removes it'),
  },
  {
    id: 'A96',
    belief: 'CertControlStore with commit and force writes a change of a LocalMachine store.',
    verdict: 'unknown',
    question: 3,
    meanwhile:
      'On Windows it is not called: registry stores keep each change at once. What was written is read back with a new handle.',
    doubles: ['D16'],
    reliesOn: [store],
    test: test(
      'windows/stores-wine.test.ts',
      'what a store is given is there for other processes, though the store cannot be told to write',
    ),
  },
  {
    id: 'A97',
    belief: 'An intermediate is added to CA only if it is not there.',
    verdict: 'confirmed',
    source: 'replacing fails with 5 where Group Policy put it there (wixtoolset issue 4875)',
    reliesOn: ['src/windows/stores/certificates.ts'],
    test: test(contract, 'adds a certificate without key, again without error, and removes it'),
  },
  {
    id: 'A98',
    belief: 'Replacing a leaf in MY or WebHosting that came by policy fails with 5.',
    verdict: 'unknown',
    question: null,
    meanwhile: 'The install fails with its code before anything is bound.',
    reliesOn: ['src/deploy/iis/install.ts'],
    test: test('deploy/iis/deployment.test.ts', 'install: an import without effect is found out'),
  },
  {
    id: 'A99',
    belief: 'Properties that were set on a context go into the store with it.',
    verdict: 'confirmed',
    source: 'smallstep',
    reliesOn: [store],
    test: test(
      'ports/windows-host-keys.ts',
      'stores a certificate with a reference to its key, replacing an equal one',
    ),
  },
  {
    id: 'A100',
    belief: 'A certificate is found by its SHA-1; the case of the text is ours.',
    verdict: 'confirmed',
    source: 'Microsoft: CertFindCertificateInStore',
    reliesOn: [store],
    test: test(contract, 'keeps an imported certificate with its key, in that store only'),
  },
  {
    id: 'A101',
    belief: 'That a certificate has a private key is a property of it, and says nothing of whether the key works.',
    verdict: 'confirmed',
    source: 'the code proves possession before it stores a reference',
    reliesOn: ['src/custody/cng/store.ts', 'src/windows/stores/certificates.ts'],
    test: test(
      'custody/cng/store.test.ts',
      'refuses a key whose provider shows the right public key and signs with another',
    ),
  },
  {
    id: 'A102',
    belief: 'SChannel takes intermediates from CA; roots are not for us to install.',
    verdict: 'confirmed',
    source: 'dotnet/docs issue 52118',
    reliesOn: ['src/deploy/iis/install.ts'],
    test: test(
      'deploy/iis/deployment.test.ts',
      'install: repeated without asking for the key again; roots are left out, intermediates go to CA',
    ),
  },
  {
    id: 'A103',
    belief: 'Windows never sees a PKCS#12 container of ours.',
    verdict: 'confirmed',
    source: 'the code hands the key over as such',
    reliesOn: ['src/windows/stores/certificates.ts'],
    test: test(contract, 'adds nothing but the certificate that is imported'),
  },
  {
    id: 'A104',
    belief: 'No other program cleans, archives or hides what Everbind stored.',
    verdict: 'unknown',
    question: null,
    meanwhile: 'Each install reads back, each renewal reads anew, and a handshake shows what is served.',
    reliesOn: ['src/deploy/iis/install.ts'],
    test: test('deploy/iis/deployment.test.ts', 'install: an import without effect is found out'),
  },
];
