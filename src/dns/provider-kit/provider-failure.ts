import { EverbindError } from '../../errors/error.ts';

/** The host answered, but not as documented. `problem`: our words, never the host's, which may repeat what was sent. */
export function unusableAnswer(host: string, problem: string, status: number): EverbindError {
  return new EverbindError('DNS_PROVIDER_FAILED', `${host} sent an unusable answer: ${problem}`, {
    host,
    status,
    problem,
  });
}

/** DNS_PROVIDER_FAILED: an answer with this HTTP status. */
export function hostFailed(host: string, status: number): EverbindError {
  return new EverbindError('DNS_PROVIDER_FAILED', `${host} answered with an error, status ${status}`, { host, status });
}

/** DNS_CREDENTIALS_REFUSED: an answer with this HTTP status. */
export function credentialsRefused(host: string, status: number): EverbindError {
  return new EverbindError('DNS_CREDENTIALS_REFUSED', `${host} refuses the credentials, or they may not do this`, {
    host,
    status,
  });
}

/** `retryAfterMs`: what the host asks for; null when it does not say. */
export function rateLimited(host: string, retryAfterMs: number | null): EverbindError {
  return new EverbindError('DNS_RATE_LIMITED', `${host} asks to send fewer requests`, { host, retryAfterMs });
}

/** DNS_ZONE_NOT_FOUND for the name of a record. */
export function zoneNotFound(host: string, name: string): EverbindError {
  return new EverbindError('DNS_ZONE_NOT_FOUND', `${host} has no zone for ${name} that these credentials can see`, {
    host,
    name,
  });
}

/** DNS_PROVIDER_FAILED: other writers came in between, as often as it was tried. */
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
