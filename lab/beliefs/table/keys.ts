import { type Belief, noTest, test } from '../belief.ts';

const newKey = 'src/windows/keys/new-key.ts';
const keyTerms = 'src/windows/keys/key-terms.ts';
const privateBlob = 'src/windows/keys/private-blob.ts';
const handles = 'src/windows/keys/key-handles.ts';
const failure = 'src/custody/cng/cng-failure.ts';
const contract = 'ports/windows-host-keys.ts';
const makes = test(contract, 'makes ${algorithm} keys that sign');
const terms = test(
  'windows/keys-wine.test.ts',
  'asks for a ${algorithm} key that cannot be had back, for signing, for SYSTEM and administrators alone',
);

/** Key storage providers. */
export const keys: readonly Belief[] = [
  {
    id: 'A68',
    belief: 'The flags are: machine key 0x20, silent 0x40, persist 0x80000000, access list 4.',
    verdict: 'confirmed',
    source: 'ncrypt.h, winnt.h',
    reliesOn: [handles, keyTerms],
    test: terms,
  },
  {
    id: 'A69',
    belief: 'Opening an absent key ends with 0x80090016.',
    verdict: 'confirmed',
    source: 'smallstep, KeePassWinHello issue 69',
    reliesOn: [handles, failure],
    test: test(contract, 'destroys a key, and has no error for one that is not there'),
  },
  {
    id: 'A70',
    belief: 'A name that is taken is refused with 0x8009000f.',
    verdict: 'confirmed',
    source: 'Microsoft: NCryptCreatePersistedKey',
    reliesOn: [newKey, 'src/custody/cng/store.ts'],
    test: test(contract, 'refuses a name that is taken with 0x8009000f and keeps the first key'),
  },
  {
    id: 'A71',
    belief: 'Nothing is stored before NCryptFinalizeKey: freeing the handle drops the key.',
    verdict: 'unknown',
    question: 5,
    meanwhile: 'A key that is there under the name is used, or removed with the renewal that it belongs to.',
    reliesOn: [newKey],
    test: test('windows/keys-wine.test.ts', 'makes no key and leaves no handle open when ${call} fails'),
  },
  {
    id: 'A72',
    belief: 'The length is set before the key is finalized.',
    verdict: 'confirmed',
    source: 'smallstep',
    reliesOn: [newKey],
    test: makes,
  },
  {
    id: 'A73',
    belief: 'Export policy 0 forbids every export.',
    verdict: 'confirmed',
    source: 'Microsoft: Key Storage Property Identifiers',
    reliesOn: [keyTerms],
    test: terms,
  },
  {
    id: 'A74',
    belief: 'A key for signing alone is enough for SChannel.',
    verdict: 'unknown',
    question: 21,
    meanwhile:
      'It is enough for ECDHE by protocol. The page on custody says what clients with RSA key exchange alone meet.',
    reliesOn: [keyTerms],
    test: terms,
  },
  {
    id: 'A75',
    belief: 'The access list is set before the key is finalized, with the flags persist and access list.',
    verdict: 'confirmed',
    source: 'scripts in use on servers',
    reliesOn: [keyTerms],
    test: terms,
  },
  {
    id: 'A76',
    belief: 'GA in the access list of a key means full control.',
    verdict: 'unknown',
    question: 6,
    meanwhile: 'No code compares the list that is read back with the one that was set.',
    doubles: ['D15'],
    reliesOn: [keyTerms],
    test: test(
      'windows/keys-wine.test.ts',
      'asks for a ec-p256 key that cannot be had back, for signing, for SYSTEM and administrators alone',
      {
        template:
          'asks for a ${algorithm} key that cannot be had back, for signing, for SYSTEM and administrators alone',
      },
    ),
  },
  {
    id: 'A77',
    belief: 'SYSTEM and administrators are enough for http.sys.',
    verdict: 'confirmed',
    source: 'the documentation of certreq uses the same list',
    reliesOn: [keyTerms],
    test: terms,
  },
  {
    id: 'A78',
    belief: 'The same list is enough for other users of a certificate: RDP, WinRM, SQL Server.',
    verdict: 'unknown',
    question: 7,
    meanwhile: 'Each managed certificate has a key of its own for IIS; the page on custody says who cannot use it.',
    reliesOn: [keyTerms],
    test: terms,
  },
  {
    id: 'A79',
    belief: 'A provider without access lists answers 0x80090029 to one.',
    verdict: 'unknown',
    question: 5,
    meanwhile:
      'The provider is asked first whether it has them. What a hardware provider answers to Key Usage and Export Policy is advice; the software provider has to take its terms.',
    doubles: ['D15'],
    reliesOn: [keyTerms],
    test: test('windows/keys.test.ts', 'a device that refuses its terms with 0x80090027 makes a key all the same', {
      template: 'a device that refuses its terms with ${hex} makes a key all the same',
    }),
  },
  {
    id: 'A80',
    belief: 'CRYPT_KEY_PROV_INFO has type 0, flag 0x20 and key specification 0 for a key of a provider.',
    verdict: 'confirmed',
    source: 'smallstep',
    reliesOn: ['src/windows/stores/certificate-store.ts'],
    test: test(contract, 'stores a certificate with a reference to its key, replacing an equal one'),
  },
  {
    id: 'A81',
    belief: 'RSA signs with PKCS#1 padding and the name SHA256; an ECDSA signature is r and s side by side.',
    verdict: 'confirmed',
    source: 'Microsoft: NCryptSignHash; smallstep',
    reliesOn: ['src/windows/keys/sign.ts'],
    test: makes,
  },
  {
    id: 'A82',
    belief: 'The algorithm group is RSA or ECDSA; public keys come as RSAPUBLICBLOB and ECCPUBLICBLOB.',
    verdict: 'confirmed',
    source: 'Microsoft: CNG key storage; smallstep',
    reliesOn: ['src/windows/keys/public-key.ts'],
    test: makes,
  },
  {
    id: 'A83',
    belief: 'A private EC key can be given to the software provider.',
    verdict: 'confirmed',
    source: 'scripts in use on servers (ECCPRIVATEBLOB)',
    reliesOn: [newKey, privateBlob],
    test: test(
      'ports/windows-host-certificates.ts',
      'imports a certificate with its ${algorithm} key, and takes it twice',
    ),
  },
  {
    id: 'A84',
    belief: 'A private RSA key can be given to it in one form, known beforehand.',
    verdict: 'unknown',
    question: 8,
    meanwhile: 'PKCS#8 is tried first, then the key as a property of a new one: PRIVATEBLOB, then that of its kind.',
    doubles: ['D14'],
    reliesOn: [newKey, privateBlob],
    test: test('windows/keys.test.ts', 'gives an RSA key as PRIVATEBLOB where PKCS #8 is refused, on the same terms'),
  },
  {
    id: 'A85',
    belief: 'Names of providers have no case.',
    verdict: 'unknown',
    question: 9,
    meanwhile: 'Everbind compares them without case.',
    reliesOn: [failure, 'src/custody/cng/handle.ts', keyTerms, 'src/windows/stores/certificates.ts'],
    test: test(contract, 'finds a key by its name, whatever the case of the provider'),
  },
  {
    id: 'A86',
    belief: 'A size that a provider does not make is refused with 0x80090029.',
    verdict: 'contradicted',
    source: 'unreality/nCryptAgent issues 10 and 11, TPMImport issue 22',
    instead:
      'The TPM provider refuses the length with 0x80090027, and a curve that it lacks with 0x80090029. Both are KEY_ALGORITHM_UNSUPPORTED while an algorithm is asked for.',
    doubles: ['D12'],
    reliesOn: [failure],
    test: test(
      'custody/cng/store.test.ts',
      'an algorithm that the provider does not have is refused with its name and the others',
    ),
  },
  {
    id: 'A87',
    belief: 'A device that is away answers 0x80090030.',
    verdict: 'contradicted',
    source: 'TPMImport issue 26; documentation issue 269 of microsoft-authentication-library-dotnet',
    instead:
      'A smart-card provider without a card answers 0x80090016, and so does a TPM in trouble. Away is not lost: a key counts as lost only when its provider is seen to work.',
    doubles: ['D12'],
    reliesOn: [failure, 'src/custody/cng/lost-key.ts'],
    test: test(
      'renewal/engine/key-providers.test.ts',
      'an ordered certificate outlives a device that goes away and answers 0x80090016',
      { template: 'an ordered certificate outlives a device that goes away and answers ${hex}' },
    ),
  },
  {
    id: 'A88',
    belief: 'A key that signs with PKCS#1 can serve TLS.',
    verdict: 'contradicted',
    source: 'firezone issue 15026, dotnet/runtime issues 104080 and 111251, tpm2-openssl issue 115',
    instead:
      'TLS 1.3 wants PSS with a salt as long as the hash, which some TPMs refuse. Possession of RSA keys is proved with PSS, salt 32, as well.',
    doubles: ['D13'],
    reliesOn: ['src/custody/cng/store.ts', 'src/custody/possession.ts', 'src/windows/keys/sign.ts'],
    test: test(
      'renewal/engine/key-providers.test.ts',
      'an RSA key that cannot sign with RSA-PSS is refused before anything is ordered',
    ),
  },
  {
    id: 'A89',
    belief: 'NCryptDeleteKey frees the handle.',
    verdict: 'confirmed',
    source: 'Microsoft: NCryptDeleteKey',
    reliesOn: [handles],
    test: test('windows/keys-wine.test.ts', 'leaves no handle open when a key cannot be removed, and keeps the key'),
  },
  {
    id: 'A90',
    belief:
      'Machine keys lie in ProgramData\\Microsoft\\Crypto\\Keys, protected for SYSTEM, and do not roam to other nodes of a cluster.',
    verdict: 'unknown',
    question: 6,
    meanwhile: 'No code reads that folder. The page on custody says that each node has keys of its own.',
    reliesOn: [],
    test: noTest('no code depends on it'),
  },
  {
    id: 'A91',
    belief: 'The FIPS policy excludes nothing that is asked for.',
    verdict: 'unknown',
    question: 5,
    meanwhile: 'A refusal has a code and leaves no key.',
    reliesOn: [newKey],
    test: test('windows/keys-wine.test.ts', 'makes no key and leaves no handle open when ${call} fails'),
  },
  {
    id: 'A92',
    belief: 'Of two keys that are finalized under one name, one gets 0x8009000f.',
    verdict: 'unknown',
    question: 5,
    meanwhile: 'In one process they wait for each other. Between processes the key that is there afterwards is used.',
    reliesOn: ['src/windows/keys/keys.ts', 'src/custody/cng/store.ts'],
    test: test(contract, 'gives a name to one of two keys that are made at the same time'),
  },
  {
    id: 'A93',
    belief: 'Worker processes of IIS need no right to the key.',
    verdict: 'confirmed',
    source: 'Microsoft Tech Community on HTTPS and SChannel: TLS is done by LSASS and the kernel',
    reliesOn: [keyTerms],
    test: terms,
  },
];
