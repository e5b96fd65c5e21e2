import * as z from 'zod';
import { cached } from '../dns/provider-kit/cached.ts';
import type { ProviderParts } from '../dns/provider-kit/definition.ts';
import { unusableAnswer } from '../dns/provider-kit/provider-failure.ts';
import { createApi, segment } from '../dns/provider-kit/http.ts';
import { optional, required } from '../dns/provider-kit/settings.ts';
import type { AwsCredentials } from './aws-signature.ts';

const host = 'EC2 instance metadata';
const role = /^[\w+=,.@-]{1,128}$/;
const keys = z.object({
  AccessKeyId: z.string(),
  SecretAccessKey: z.string(),
  Token: z.string(),
  Expiration: z.iso.datetime(),
});

/** The keys of the settings, or those of the role that the EC2 instance has (instance metadata service, version 2). */
export function awsCredentials(
  settings: Readonly<Record<string, string>>,
  { metadata, clock }: ProviderParts,
): (signal?: AbortSignal) => Promise<AwsCredentials> {
  if (optional(settings, 'accessKeyId') !== null || optional(settings, 'secretAccessKey') !== null) {
    const fixed = {
      accessKeyId: required(settings, 'accessKeyId'),
      secretAccessKey: required(settings, 'secretAccessKey'),
      sessionToken: optional(settings, 'sessionToken'),
    };
    return () => Promise.resolve(fixed);
  }
  const call = createApi({ host, base: 'http://169.254.169.254', transport: metadata, clock });
  return cached(clock, async (signal) => {
    const lifetime = { 'x-aws-ec2-metadata-token-ttl-seconds': '60' };
    const session = await call({ method: 'PUT', path: '/latest/api/token', headers: lifetime }, signal);
    const headers = { 'x-aws-ec2-metadata-token': session.text().trim() };
    const path = '/latest/meta-data/iam/security-credentials/';
    const listed = await call({ method: 'GET', path, headers }, signal);
    const name = listed.text().trim();
    if (!role.test(name)) throw unusableAnswer(host, 'there is no role', listed.status);
    const answer = await call({ method: 'GET', path: path + segment(name), headers }, signal);
    const { AccessKeyId, SecretAccessKey, Token, Expiration } = answer.read(keys);
    return {
      value: { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: Token },
      expiresAt: Date.parse(Expiration),
    };
  });
}
