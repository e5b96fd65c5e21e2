import * as z from 'zod';
import { type CloudParts, createApi, segment, unusableResponse } from './api.ts';
import type { AwsCredentials } from './aws-signature.ts';
import { cached } from './cached.ts';

const host = 'EC2 instance metadata';
const role = /^[\w+=,.@-]{1,128}$/;
const roleKeys = z.object({
  AccessKeyId: z.string(),
  SecretAccessKey: z.string(),
  Token: z.string(),
  Expiration: z.iso.datetime(),
});

/**
 * The keys that are given, or, without any, those of the role that the EC2 instance has (instance metadata service,
 * version 2).
 */
export function awsCredentials(
  keys: AwsCredentials | null,
  { metadata, clock, codes }: Pick<CloudParts, 'metadata' | 'clock' | 'codes'>,
): (signal?: AbortSignal) => Promise<AwsCredentials> {
  if (keys !== null) return () => Promise.resolve(keys);
  const call = createApi({ host, base: 'http://169.254.169.254', transport: metadata, clock, codes });
  return cached(clock, async () => {
    const lifetime = { 'x-aws-ec2-metadata-token-ttl-seconds': '60' };
    const session = await call({ method: 'PUT', path: '/latest/api/token', headers: lifetime });
    const headers = { 'x-aws-ec2-metadata-token': session.text().trim() };
    const path = '/latest/meta-data/iam/security-credentials/';
    const listed = await call({ method: 'GET', path, headers });
    const name = listed.text().trim();
    if (!role.test(name)) throw unusableResponse(codes.failed, host, 'there is no role', listed.status);
    const response = await call({ method: 'GET', path: path + segment(name), headers });
    const { AccessKeyId, SecretAccessKey, Token, Expiration } = response.read(roleKeys);
    return {
      value: { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: Token },
      expiresAt: Date.parse(Expiration),
    };
  });
}
