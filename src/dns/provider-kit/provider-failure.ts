import { type ApiCodes, unusableResponse } from '../../cloud/api.ts';
import { EverbindError } from '../../errors/error.ts';

/** The codes for failures of a host's API. */
export const DNS_CODES: ApiCodes = {
  credentials: 'DNS_CREDENTIALS_REFUSED',
  rate: 'DNS_RATE_LIMITED',
  failed: 'DNS_PROVIDER_FAILED',
};

/** DNS_PROVIDER_FAILED: the host's response is not as documented. `problem`: our words, never the host's. */
export function unusable(host: string, problem: string, status: number): EverbindError {
  return unusableResponse(DNS_CODES.failed, host, problem, status);
}

/** DNS_ZONE_NOT_FOUND for the name of a record. */
export function zoneNotFound(host: string, name: string): EverbindError {
  return new EverbindError('DNS_ZONE_NOT_FOUND', `${host} has no zone for ${name} that these credentials can see`, {
    host,
    name,
  });
}

/** DNS_PROVIDER_FAILED: another program changed the records during each attempt. */
export function conflict(name: string, attempts: number): EverbindError {
  return new EverbindError('DNS_PROVIDER_FAILED', `The records of ${name} were changed by others each time`, {
    name,
    attempts,
    problem: 'conflict',
  });
}

/** DNS_PROVIDER_SETTING: a setting that is not as expected. */
export function wrongSetting(name: string, expected: string): EverbindError {
  return new EverbindError('DNS_PROVIDER_SETTING', `The setting ${name} is not ${expected}`, {
    setting: name,
    expected,
  });
}
