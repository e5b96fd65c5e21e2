import { createHash } from 'node:crypto';
import type { OutgoingRequest } from './api.ts';

export interface OvhCredentials {
  readonly applicationKey: string;
  readonly applicationSecret: string;
  readonly consumerKey: string;
}

/**
 * The headers that sign a request. `seconds`: the time of OVH's clock. The API takes SHA-1 only; the secrets are
 * hashed, not sent. https://help.ovhcloud.com/csm/en-gb-api-getting-started-ovhcloud-api
 */
export function signOvh(
  { method, url, body }: OutgoingRequest,
  { applicationKey, applicationSecret, consumerKey }: OvhCredentials,
  seconds: number,
): Record<string, string> {
  const text = [applicationSecret, consumerKey, method, url.href, body, seconds].join('+');
  return {
    'x-ovh-application': applicationKey,
    'x-ovh-consumer': consumerKey,
    'x-ovh-timestamp': String(seconds),
    'x-ovh-signature': `$1$${createHash('sha1').update(text).digest('hex')}`,
  };
}
