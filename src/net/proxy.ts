import { EverbindError } from '../errors/error.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy settings of an environment, as Node's agents take them. Lower-case names win, as in other programs;
 * `host:port` alone is an http proxy. Anything else is refused with NET_PROXY_INVALID, since Node would connect
 * directly where the operator wants a proxy. Blanks around an address do not count; the exceptions may be separated by
 * commas, semicolons and blanks.
 */
export function proxyEnvironment(environment: Environment): Record<string, string> {
  const https = address(environment, 'HTTPS_PROXY');
  const http = address(environment, 'HTTP_PROXY');
  const exceptions = exceptionsOf(setting(environment, 'NO_PROXY') ?? '');
  return {
    ...(https === null ? {} : { HTTPS_PROXY: https }),
    ...(http === null ? {} : { HTTP_PROXY: http }),
    ...(exceptions === '' ? {} : { NO_PROXY: exceptions }),
  };
}

function setting(environment: Environment, name: string): string | null {
  return environment[name.toLowerCase()] || environment[name] || null;
}

function address(environment: Environment, name: string): string | null {
  const value = setting(environment, name);
  if (value === null) return null;
  const url = URL.parse(value.includes('://') ? value.trim() : `http://${value.trim()}`);
  if (url === null || !['http:', 'https:'].includes(url.protocol) || !isDecodable(url)) {
    // The value is not repeated: it may hold a password.
    throw new EverbindError('NET_PROXY_INVALID', `${name} is not the address of an HTTP proxy`, { variable: name });
  }
  // As the parser wrote it: Node takes an address with a blank before it, or a scheme in capitals, for none at all.
  return url.href;
}

/** Node knows commas alone, and compares entries as they are: with a semicolon two entries would be none. */
function exceptionsOf(text: string): string {
  return text
    .replaceAll(/\s*-\s*/g, '-')
    .split(/[,;\s]+/)
    .map((entry) => entry.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, ''))
    .filter((entry) => entry !== '')
    .join(',');
}

function isDecodable({ username, password }: URL): boolean {
  try {
    decodeURIComponent(username + password);
    return true;
  } catch {
    return false;
  }
}
