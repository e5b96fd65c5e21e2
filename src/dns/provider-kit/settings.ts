import type { ProviderSetting } from './definition.ts';
import { wrongSetting } from './provider-failure.ts';

type Settings = Readonly<Record<string, string>>;

/** The value of a required setting. Throws DNS_PROVIDER_SETTING, without the value, which may be a secret. */
export function required(settings: Settings, name: string): string {
  const value = optional(settings, name);
  if (value === null) throw wrongSetting(name, 'given');
  return value;
}

/**
 * Null when it is not given. A value must be one line of printable ASCII, so that it cannot add a header to a request.
 */
export function optional(settings: Settings, name: string): string | null {
  const value = Object.hasOwn(settings, name) ? settings[name] : undefined;
  if (value === undefined || value === '') return null;
  if (!/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value)) throw wrongSetting(name, 'one line of printable ASCII');
  return value;
}

/** The setting `endpoint`, or another one that says where an API is. */
export function endpointSetting(url: string, name = 'endpoint', what = 'the API'): ProviderSetting {
  return {
    name,
    required: false,
    secret: false,
    description: `Base URL of ${what}, when it is not the host's usual one.`,
    default: url,
  };
}

/** The base URL without a slash at the end. */
export function endpoint(settings: Settings, url: string, name = 'endpoint'): string {
  const value = optional(settings, name) ?? url;
  const parsed = URL.parse(value);
  if (parsed === null || !['https:', 'http:'].includes(parsed.protocol) || /[?#]/.test(value)) {
    throw wrongSetting(name, 'a base URL');
  }
  return value.replace(/\/+$/, '');
}

/** For hosts that let the client choose the time to live. */
export const TTL_SETTING: ProviderSetting = {
  name: 'ttl',
  required: false,
  secret: false,
  description: 'Time to live of the record in seconds.',
  default: '60',
};

/** The setting `ttl`: 1 to 86400 seconds. */
export function timeToLive(settings: Settings): number {
  const text = optional(settings, 'ttl') ?? '60';
  if (!/^[1-9]\d{0,4}$/.test(text) || Number(text) > 86_400) throw wrongSetting('ttl', 'a number from 1 to 86400');
  return Number(text);
}
