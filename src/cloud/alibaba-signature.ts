import type { OutgoingRequest } from './api.ts';
import { canonicalQuery, hmacSha256, sha256Hex } from './digest.ts';

export interface AlibabaCredentials {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
}

const algorithm = 'ACS3-HMAC-SHA256';

/**
 * The headers that sign a request (version 3). It has `x-acs-action` and `x-acs-version` already; `now`: milliseconds
 * since 1970; `nonce`: used once.
 * https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature
 */
export function signAlibaba(
  request: OutgoingRequest,
  { accessKeyId, accessKeySecret }: AlibabaCredentials,
  now: number,
  nonce: string,
): Record<string, string> {
  const added = {
    'x-acs-content-sha256': sha256Hex(request.body),
    'x-acs-date': new Date(now).toISOString().replace(/\.\d{3}/, ''),
    'x-acs-signature-nonce': nonce,
  };
  const signed: Readonly<Record<string, string>> = { ...request.headers, ...added, host: request.url.host };
  const names = Object.keys(signed)
    .filter((name) => name === 'host' || name === 'content-type' || name.startsWith('x-acs-'))
    .sort();
  const canonical = [
    request.method,
    request.url.pathname,
    canonicalQuery(request.url),
    ...names.map((name) => `${name}:${signed[name]?.trim()}`),
    '',
    names.join(';'),
    added['x-acs-content-sha256'],
  ].join('\n');
  const signature = hmacSha256(accessKeySecret, `${algorithm}\n${sha256Hex(canonical)}`).toString('hex');
  return {
    ...added,
    authorization: `${algorithm} Credential=${accessKeyId},SignedHeaders=${names.join(';')},Signature=${signature}`,
  };
}
