import { EverbindError } from '../../errors/error.ts';
import { canonicalHost, hostToUnicode, parseIdentifier } from '../../pki/x509/names.ts';
import type { SiteInventory } from '../config/inventory-types.ts';
import { bindingHosts } from './unbound.ts';

/** A host of a site that a certificate does not get, with the reason. */
export interface SetAside {
  readonly host: string;
  readonly reason: string;
}

/**
 * The names that a certificate of these sites is for: the hosts of the https bindings, each once however it is written,
 * in the order of the bindings; for a site without any, those of its http bindings.
 */
export function namesOfSites(sites: readonly SiteInventory[]): {
  readonly names: readonly string[];
  readonly aside: readonly SetAside[];
} {
  const hosts = sites.flatMap((site) => {
    const https = bindingHosts([site], 'https').filter((host) => host !== '');
    return https.length > 0 ? https : bindingHosts([site], 'http').filter((host) => host !== '');
  });
  const names: string[] = [];
  const aside: SetAside[] = [];
  for (const host of distinctHosts(hosts)) {
    try {
      parseIdentifier(host);
      names.push(host);
    } catch (error) {
      if (!(error instanceof EverbindError)) throw error;
      aside.push({ host, reason: error.message });
    }
  }
  return { names, aside };
}

/** Each host once, however it is written: in lower case, without a final dot, IDNs in Unicode. */
export function distinctHosts(hosts: readonly string[]): readonly string[] {
  return [...new Set(hosts.map(canonicalHost))].map(hostToUnicode);
}
