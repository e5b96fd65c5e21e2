import { elementsAt, readXml } from './application-host-xml.ts';

/**
 * The folder in which the configuration of the server really is, from a redirection.config; null when it is not
 * redirected. The folder may be on another server, and have environment variables in its name. Throws
 * IIS_CONFIG_INVALID. https://learn.microsoft.com/iis/configuration/configurationredirection/
 */
export function redirectedFolder(octets: Uint8Array): string | null {
  const [redirection] = elementsAt(readXml(octets), 'configurationRedirection');
  const { enabled = 'false', path = '' } = redirection?.attributes ?? {};
  return enabled.toLowerCase() === 'true' && path !== '' ? path.replace(/[\\/]+$/, '') : null;
}
