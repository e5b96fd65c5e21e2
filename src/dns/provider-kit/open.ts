import { inspect } from 'node:util';
import { EverbindError } from '../../errors/error.ts';
import type { DnsProvider } from '../../ports/dns-provider.ts';
import type { ProviderDefinition, ProviderParts } from './definition.ts';
import { PROVIDERS } from '../providers/all.ts';

// So that callers that list providers load one module.
export { PROVIDERS };

/** A shorter secret may by chance be part of an ordinary word. */
const SHORTEST = 4;

/** The provider of this name. Throws DNS_PROVIDER_SETTING. */
export function findProvider(name: string): ProviderDefinition {
  const found = PROVIDERS.find((provider) => provider.name === name);
  if (found !== undefined) return found;
  throw new EverbindError('DNS_PROVIDER_SETTING', `there is no DNS provider ${JSON.stringify(name)}`, {
    known: PROVIDERS.map((provider) => provider.name),
  });
}

/**
 * The provider of this name with its settings; values `secret:NAME` are resolved. Secrets are removed from its errors,
 * since a host may send back what it was sent. Throws DNS_PROVIDER_SETTING and what `resolveSecret` throws.
 */
export async function openProvider(
  name: string,
  settings: Readonly<Record<string, string>>,
  parts: ProviderParts & { resolveSecret(reference: string): Promise<string> },
): Promise<DnsProvider> {
  const definition = findProvider(name);
  const secrets: string[] = [];
  const values: Record<string, string> = {};
  for (const [key, value] of Object.entries(settings)) {
    values[key] = value.startsWith('secret:') ? await parts.resolveSecret(value) : value;
    if (value.startsWith('secret:')) secrets.push(values[key]);
  }
  const guard = async <T>(work: () => T | Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw withoutSecrets(error, secrets);
    }
  };
  const provider = await guard(() => definition.create(values, parts));
  const { wait } = provider;
  return {
    present: (record, signal) => guard(() => provider.present(record, signal)),
    cleanUp: (record, signal) => guard(() => provider.cleanUp(record, signal)),
    findZone: (record, signal) => guard(() => provider.findZone(record, signal)),
    ...(wait === undefined ? {} : { wait: (record, signal) => guard(() => wait.call(provider, record, signal)) }),
  };
}

function withoutSecrets(error: unknown, secrets: readonly string[]): unknown {
  const found = secrets.filter((secret) => secret.length >= SHORTEST);
  if (!found.some((secret) => inspect(error, { depth: 8 }).includes(secret))) return error;
  const clean = (text: string): string => found.reduce((rest, secret) => rest.replaceAll(secret, '(secret)'), text);
  // Without the cause, the stack and other properties, which may hold the secret too.
  if (!(error instanceof EverbindError)) return new Error(clean(error instanceof Error ? error.message : 'failed'));
  const details = JSON.parse(JSON.stringify(error.details), (_key, value: unknown) =>
    typeof value === 'string' ? clean(value) : value,
  ) as EverbindError['details'];
  const { meaning, retryAfterMs, httpStatus } = error.facts;
  const facts = {
    ...(meaning === undefined ? {} : { meaning }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(httpStatus === undefined ? {} : { httpStatus }),
  };
  return new EverbindError(error.code, clean(error.message), details, { facts });
}
