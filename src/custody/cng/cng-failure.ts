import { EverbindError, WindowsError } from '../../errors/error.ts';
import type { HostKeyName, HostKeys } from '../../ports/host-keys.ts';
import type { KeyAlgorithm } from '../../ports/key-store.ts';
import { isSoftwareProvider } from './handle.ts';
import { isLost } from './lost-key.ts';
import { withoutPss } from '../possession.ts';

/** Statuses of NCrypt functions (winerror.h) that have a meaning of their own here. */
export const NTE = {
  badFlags: 0x80090009,
  exists: 0x8009000f,
  noPermission: 0x80090010,
  badKeyset: 0x80090016,
  failed: 0x80090020,
  invalidParameter: 0x80090027,
  notSupported: 0x80090029,
  deviceNotReady: 0x80090030,
  deviceNotFound: 0x80090035,
} as const;

const ACCESS_DENIED = 5;
const PCP_DEVICE_NOT_READY = 0x80290401;

/**
 * What is said of an algorithm, a length or a padding that a provider does not have. Of a TPM (winerror.h): algorithm,
 * value, size, scheme, curve; of its provider: parameter, flag, algorithm, length of the salt.
 */
const NOT_OFFERED: ReadonlySet<number> = new Set([
  NTE.invalidParameter,
  NTE.notSupported,
  0x80280081,
  0x80280084,
  0x80280087,
  0x80280092,
  0x802800a6,
  0x80290403,
  0x80290404,
  0x80290405,
  0x40290423,
]);

/** High words of what TPMs and their driver (FACILITY_TPM_SERVICES) and smart cards (FACILITY_SCARD) answer. */
const DEVICE_FACILITIES: ReadonlySet<number> = new Set([0x8028, 0x8010]);

/** What was asked of a provider. */
export interface Asked {
  readonly handle: string;
  readonly key: HostKeyName;
  /** What was asked for and the provider may lack: an algorithm for a new key, or RSA-PSS. null: neither. */
  readonly algorithm: KeyAlgorithm | 'PS256' | null;
}

/**
 * Why a provider did not do what was asked, as an error of ours that names the providers there are. What is no
 * WindowsError is returned unchanged.
 */
export async function keyFailure(keys: HostKeys, asked: Asked, error: unknown): Promise<unknown> {
  if (!(error instanceof WindowsError)) return error;
  const { handle, algorithm } = asked;
  const { provider } = asked.key;
  const { call, status } = error;
  const providers = await keys.providers().catch(() => []);
  const absent = providers.length > 0 && !providers.some((name) => name.toLowerCase() === provider.toLowerCase());
  const there = `there are: ${providers.join(', ')}`;
  const details = { handle, provider, algorithm, providers, call, status };
  const failed = (code: ConstructorParameters<typeof EverbindError>[0], message: string): EverbindError =>
    new EverbindError(code, message, details, { cause: error });
  if (absent) return failed('KEY_PROVIDER_UNKNOWN', `no key storage provider is called ${provider}; ${there}`);
  if (call === 'NCryptOpenKey' && status === NTE.badKeyset) return absentKey(keys, asked, error);
  if (algorithm === 'PS256' && (NOT_OFFERED.has(status) || status === NTE.badFlags)) return withoutPss(handle, error);
  if (algorithm !== null && call !== 'NCryptOpenKey' && NOT_OFFERED.has(status)) {
    return failed('KEY_ALGORITHM_UNSUPPORTED', `${provider} makes no ${algorithm} keys; ${there}`);
  }
  if (isNotReady(provider, status)) {
    return failed(
      'KEY_PROVIDER_NOT_READY',
      `the device of ${provider} is not there or not ready (${call}: 0x${status.toString(16)}); ${there}`,
    );
  }
  if (status === NTE.noPermission || status === ACCESS_DENIED) {
    return failed('KEY_ACCESS_DENIED', `${provider} does not let this account use ${asked.key.name}`);
  }
  return failed('KEY_STORE_FAILED', `${provider}: ${error.message}`);
}

/**
 * What it means that a provider does not find a key: KEY_NOT_FOUND when it is lost for good, KEY_PROVIDER_NOT_READY
 * when its device may only be away.
 */
export async function absentKey(
  keys: HostKeys,
  { handle, key }: Pick<Asked, 'handle' | 'key'>,
  cause?: WindowsError,
): Promise<EverbindError> {
  const { provider, name } = key;
  const details = { handle, provider };
  return (await isLost(keys, key))
    ? new EverbindError('KEY_NOT_FOUND', `${provider} has no key ${name}`, details, { cause })
    : new EverbindError(
        'KEY_PROVIDER_NOT_READY',
        `${provider} does not find the key ${name} and makes no other either: its device may be away`,
        details,
        { cause },
      );
}

/**
 * A smart card that is not there is reported as 0x80090016 when a key is made, a TPM in trouble also as 0x80090030 or
 * by a status of its own. The software provider has no device.
 */
function isNotReady(provider: string, status: number): boolean {
  switch (status) {
    case NTE.deviceNotReady:
    case NTE.deviceNotFound:
    case NTE.badKeyset:
    case PCP_DEVICE_NOT_READY:
      return true;
    case NTE.failed:
      return !isSoftwareProvider(provider);
  }
  return DEVICE_FACILITIES.has(status >>> 16);
}
