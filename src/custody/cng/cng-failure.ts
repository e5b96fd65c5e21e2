import { EverbindError, WindowsError } from '../../errors/error.ts';
import type { HostKeyName, HostKeys } from '../../ports/host-keys.ts';
import type { KeyAlgorithm } from '../../ports/key-store.ts';

/** Statuses of NCrypt functions (winerror.h) that have a meaning of their own here. */
export const NTE = {
  exists: 0x8009000f,
  noPermission: 0x80090010,
  badKeyset: 0x80090016,
  notSupported: 0x80090029,
  deviceNotReady: 0x80090030,
  deviceNotFound: 0x80090035,
} as const;

const ACCESS_DENIED = 5;

/** What was asked of a provider. */
export interface Asked {
  readonly handle: string;
  readonly key: HostKeyName;
  /** null when the algorithm played no part. */
  readonly algorithm: KeyAlgorithm | null;
}

/**
 * Why a provider did not do what was asked, as an error of ours that names the providers there are. What is no
 * WindowsError is returned unchanged.
 */
export async function keyFailure(keys: HostKeys, asked: Asked, error: unknown): Promise<unknown> {
  if (!(error instanceof WindowsError)) return error;
  const { handle, algorithm } = asked;
  const { provider } = asked.key;
  const { status } = error;
  const providers = await keys.providers().catch(() => []);
  const absent = providers.length > 0 && !providers.some((name) => name.toLowerCase() === provider.toLowerCase());
  const there = `there are: ${providers.join(', ')}`;
  const details = { handle, provider, algorithm, providers, status };
  const failed = (code: ConstructorParameters<typeof EverbindError>[0], message: string): EverbindError =>
    new EverbindError(code, message, details, { cause: error });
  if (absent) return failed('KEY_PROVIDER_UNKNOWN', `no key storage provider is called ${provider}; ${there}`);
  switch (status) {
    case NTE.notSupported:
      if (algorithm === null) break;
      return failed('KEY_ALGORITHM_UNSUPPORTED', `${provider} makes no ${algorithm} keys; ${there}`);
    case NTE.deviceNotReady:
    case NTE.deviceNotFound:
      return failed('KEY_PROVIDER_NOT_READY', `the device of ${provider} is not there or not ready; ${there}`);
    case NTE.badKeyset:
      return failed('KEY_NOT_FOUND', `${provider} has no key ${asked.key.name}`);
    case NTE.noPermission:
    case ACCESS_DENIED:
      return failed('KEY_ACCESS_DENIED', `${provider} does not let this account use ${asked.key.name}`);
  }
  return failed('KEY_STORE_FAILED', `${provider}: ${error.message}`);
}
