import type { OutgoingRequest } from './api.ts';
import { canonicalQuery, hmacSha256, sha256Hex } from './digest.ts';

export interface TencentCredentials {
  readonly secretId: string;
  readonly secretKey: string;
}

const algorithm = 'TC3-HMAC-SHA256';

/**
 * The headers that sign a request. `now`: milliseconds since 1970.
 * https://www.tencentcloud.com/document/product/1278/46696
 */
export function signTencent(
  request: OutgoingRequest,
  { secretId, secretKey }: TencentCredentials,
  service: string,
  now: number,
): Record<string, string> {
  const seconds = Math.floor(now / 1000);
  const day = new Date(seconds * 1000).toISOString().slice(0, 10);
  const signed: Readonly<Record<string, string>> = { ...request.headers, host: request.url.host };
  const names = ['content-type', 'host', 'x-tc-action'].filter((name) => signed[name] !== undefined);
  const canonical = [
    request.method,
    request.url.pathname,
    canonicalQuery(request.url),
    ...names.map((name) => `${name}:${signed[name]?.trim().toLowerCase()}`),
    '',
    names.join(';'),
    sha256Hex(request.body),
  ].join('\n');
  const scope = `${day}/${service}/tc3_request`;
  const key = [day, service, 'tc3_request'].reduce<string | Uint8Array>(hmacSha256, `TC3${secretKey}`);
  const text = [algorithm, seconds, scope, sha256Hex(canonical)].join('\n');
  return {
    'x-tc-timestamp': String(seconds),
    authorization: `${algorithm} Credential=${secretId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${hmacSha256(key, text).toString('hex')}`,
  };
}
