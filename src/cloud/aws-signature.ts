import { type OutgoingRequest, segment } from './api.ts';
import { canonicalQuery, hmacSha256, sha256Hex } from './digest.ts';

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary credentials. */
  readonly sessionToken: string | null;
}

export interface AwsScope {
  readonly region: string;
  readonly service: string;
}

const algorithm = 'AWS4-HMAC-SHA256';

/**
 * The headers of Signature Version 4 for a request whose query is encoded already. `now`: milliseconds since 1970.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export function signAws(
  request: OutgoingRequest,
  { accessKeyId, secretAccessKey, sessionToken }: AwsCredentials,
  { region, service }: AwsScope,
  now: number,
): Record<string, string> {
  const time = new Date(now).toISOString().replace(/[-:]|\.\d{3}/g, '');
  const day = time.slice(0, 8);
  const type = request.headers['content-type'];
  const signed: Record<string, string> = {
    ...(type === undefined ? {} : { 'content-type': type }),
    host: request.url.host,
    'x-amz-date': time,
    ...(sessionToken === null ? {} : { 'x-amz-security-token': sessionToken }),
  };
  const names = Object.keys(signed).sort();
  const canonical = [
    request.method,
    // Encoded a second time, as every service except S3 requires.
    request.url.pathname.split('/').map(segment).join('/'),
    canonicalQuery(request.url),
    ...names.map((name) => `${name}:${signed[name]?.trim().replace(/ +/g, ' ')}`),
    '',
    names.join(';'),
    sha256Hex(request.body),
  ].join('\n');
  const scope = `${day}/${region}/${service}/aws4_request`;
  const key = [day, region, service, 'aws4_request'].reduce<string | Uint8Array>(hmacSha256, `AWS4${secretAccessKey}`);
  const signature = hmacSha256(key, [algorithm, time, scope, sha256Hex(canonical)].join('\n')).toString('hex');
  const { host: _, 'content-type': __, ...added } = signed;
  return {
    ...added,
    authorization: `${algorithm} Credential=${accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`,
  };
}
