import { constants, createPublicKey, generateKeyPair, type KeyObject, sign } from 'node:crypto';
import { promisify } from 'node:util';
import { WindowsError } from '../../src/errors/error.ts';
import type { HostKeyName, HostKeys, HostSignature } from '../../src/ports/host-keys.ts';
import type { CertificateKeyAlgorithm } from '../../src/ports/key-store.ts';
import { oldBelief } from '../beliefs/old-belief.ts';

const BAD_KEYSET = 0x80090016;
const EXISTS = 0x8009000f;
const INVALID_PARAMETER = 0x80090027;
const NOT_SUPPORTED = 0x80090029;
const DEVICE_NOT_READY = 0x80090030;
const UNSUPPORTED_PSS_SALT = 0x40290423;

const SOFTWARE = 'Microsoft Software Key Storage Provider';
const PLATFORM = 'Microsoft Platform Crypto Provider';
const SMART_CARD = 'Microsoft Smart Card Key Storage Provider';
const HSM = 'Everbind Lab Key Storage Provider';

const all: readonly CertificateKeyAlgorithm[] = ['ec-p256', 'ec-p384', 'rsa-2048', 'rsa-3072', 'rsa-4096'];

/**
 * The algorithms of each provider; null: it is registered, but its device is not there. No TPM makes RSA keys above
 * 2048 bits.
 */
const registered: ReadonlyMap<string, readonly CertificateKeyAlgorithm[] | null> = new Map([
  [SOFTWARE, all],
  [PLATFORM, ['rsa-2048', 'ec-p256']],
  [SMART_CARD, null],
  [HSM, all],
]);

const generateAsync = promisify(generateKeyPair);
const signAsync = promisify(sign);

interface KeptKey {
  readonly algorithm: CertificateKeyAlgorithm;
  readonly key: KeyObject;
}

export interface KeyProviderOptions {
  /**
   * How the TPM signs with RSA-PSS: not at all (0x80090029, the default), with the largest salt alone (0x40290423 for
   * another), or with a salt as long as the digest, which TLS 1.3 asks for.
   */
  readonly tpmPss?: 'none' | 'largest-salt' | 'digest-salt';
}

/** Devices behind key storage providers, which can be taken away and brought back. */
export interface KeyDevices {
  /**
   * From now on whatever needs the device of this provider fails with the status, by default 0x80090030; with
   * 0x80090016 its keys look as if they were not there. They are kept.
   */
  away(provider: string, status?: number): Promise<void>;
  back(provider: string): Promise<void>;
}

/** Key storage providers of the double. They keep keys as hardware would: the port has no way to read one. */
export interface SimKeys extends HostKeys, KeyDevices {
  /** For the double's own TLS, as LSASS uses a key; null when there is none, or its device is away. */
  keyFor(key: HostKeyName): KeyObject | null;
  /** Whether a provider signs with RSA-PSS as TLS 1.3 wants it. */
  signsPss(provider: string): boolean;
  /** Names of all keys, `provider/name`. */
  current(): readonly string[];
}

export function createKeyProviders({ tpmPss = 'none' }: KeyProviderOptions = {}): SimKeys {
  const kept = new Map<string, KeptKey>();
  const away = new Map<string, number>([[SMART_CARD, BAD_KEYSET]]);

  const open = (call: string, { provider, name }: HostKeyName): { provider: string; id: string } => {
    const found = [...registered.keys()].find((known) => known.toLowerCase() === provider.toLowerCase());
    if (found === undefined) throw new WindowsError(call, BAD_KEYSET, { provider });
    if (!/^[A-Za-z0-9._-]{1,127}$/.test(name)) throw new WindowsError(call, INVALID_PARAMETER, { provider: found });
    return { provider: found, id: `${found}/${name.toLowerCase()}` };
  };

  /** NCryptOpenKey; null for its status 0x80090016. */
  const find = (key: HostKeyName): KeptKey | null => {
    const { provider, id } = open('NCryptOpenKey', key);
    const status = away.get(provider);
    if (status === undefined) return kept.get(id) ?? null;
    if (status === BAD_KEYSET) return null;
    throw new WindowsError('NCryptOpenKey', status, { provider });
  };

  const signsPss = (provider: string): boolean =>
    provider.toLowerCase() !== PLATFORM.toLowerCase() || tpmPss === 'digest-salt' || oldBelief('D13');

  return {
    providers: async () => [...registered.keys()],

    create: async (key, algorithm) => {
      const call = 'NCryptCreatePersistedKey';
      const { provider, id } = open(call, key);
      const status = away.get(provider);
      if (status !== undefined)
        throw new WindowsError(call, oldBelief('D12') ? DEVICE_NOT_READY : status, { provider });
      if (!(registered.get(provider) ?? []).includes(algorithm)) throw refusalOf(provider, algorithm);
      if (kept.has(id)) throw new WindowsError(call, EXISTS, { provider });
      const made = await generate(algorithm);
      // Checked again: another call may have made it meanwhile.
      if (kept.has(id)) throw new WindowsError(call, EXISTS, { provider });
      kept.set(id, { algorithm, key: made });
    },

    publicKey: async (key) => {
      const found = find(key);
      return found === null ? null : spkiOf(found.key);
    },

    sign: async (key, algorithm, data) => {
      const found = find(key);
      if (found === null) throw new WindowsError('NCryptOpenKey', BAD_KEYSET);
      if (!signaturesOf(found.algorithm).includes(algorithm)) {
        throw new WindowsError('NCryptSignHash', INVALID_PARAMETER);
      }
      if (algorithm === 'PS256' && !signsPss(key.provider)) {
        throw new WindowsError('NCryptSignHash', tpmPss === 'none' ? NOT_SUPPORTED : UNSUPPORTED_PSS_SALT);
      }
      const hash = algorithm === 'ES384' ? 'sha384' : 'sha256';
      const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
      const how = algorithm === 'PS256' ? pss : ({ dsaEncoding: 'ieee-p1363' } as const);
      return new Uint8Array(await signAsync(hash, data, { key: found.key, ...how }));
    },

    remove: async (key) => {
      if (find(key) !== null) kept.delete(open('NCryptOpenKey', key).id);
    },

    away: async (provider, status = DEVICE_NOT_READY) => {
      away.set(provider, oldBelief('D12') ? DEVICE_NOT_READY : status);
    },

    back: async (provider) => {
      away.delete(provider);
    },

    keyFor: (key) => {
      const { provider, id } = open('NCryptOpenKey', key);
      return away.has(provider) ? null : (kept.get(id)?.key ?? null);
    },

    signsPss,

    current: () => [...kept.keys()],
  };
}

/** An algorithm is refused when the key is created, a length when it is set. */
function refusalOf(provider: string, algorithm: CertificateKeyAlgorithm): WindowsError {
  if (!algorithm.startsWith('rsa-') || oldBelief('D12')) {
    return new WindowsError('NCryptCreatePersistedKey', NOT_SUPPORTED, { provider, algorithm });
  }
  return new WindowsError('NCryptSetProperty', INVALID_PARAMETER, { provider, algorithm, property: 'Length' });
}

async function generate(algorithm: CertificateKeyAlgorithm): Promise<KeyObject> {
  switch (algorithm) {
    case 'ec-p256':
      return (await generateAsync('ec', { namedCurve: 'P-256' })).privateKey;
    case 'ec-p384':
      return (await generateAsync('ec', { namedCurve: 'P-384' })).privateKey;
    case 'rsa-2048':
    case 'rsa-3072':
    case 'rsa-4096':
      return (await generateAsync('rsa', { modulusLength: Number(algorithm.slice(4)) })).privateKey;
  }
}

/** Whether a key is of an algorithm that certificates have; the providers here make no others. */
export function isCertificateKey({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean {
  if (asymmetricKeyType === 'rsa') return [2048, 3072, 4096].includes(asymmetricKeyDetails?.modulusLength ?? 0);
  return asymmetricKeyType === 'ec' && ['prime256v1', 'secp384r1'].includes(asymmetricKeyDetails?.namedCurve ?? '');
}

function signaturesOf(algorithm: CertificateKeyAlgorithm): readonly HostSignature[] {
  if (algorithm === 'ec-p256') return ['ES256'];
  return algorithm === 'ec-p384' ? ['ES384'] : ['RS256', 'PS256'];
}

function spkiOf(key: KeyObject): Uint8Array {
  return new Uint8Array(createPublicKey(key).export({ type: 'spki', format: 'der' }));
}
