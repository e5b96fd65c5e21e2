import { quote } from '../../config/config-problem.ts';
import type { DeclaredIn, SchemaValues } from '../deployment-type.ts';

// Settings that deployments to sites of IIS share.

export const DEFAULT_STORE = 'WebHosting';

/** Site names, or `id:N`. */
export function sitesSetting({ listOf, text }: SchemaValues) {
  const expected = 'the name of an IIS site, or id: and its number, such as id:3';
  const site = text({ expected, max: 260 }).refine(
    (written) => !/^id:/i.test(written) || /^id:[1-9][0-9]{0,9}$/.test(written),
    { error: expected },
  );
  return listOf(site, 'sites', { min: 1, max: 10_000 });
}

export function storeSetting({ oneOf }: SchemaValues) {
  return oneOf(['WebHosting', 'MY']).optional().meta({
    description: 'Certificate store of the machine; `MY` is shown as Personal by Windows.',
    default: DEFAULT_STORE,
  });
}

/** Reports sites that are listed twice; IIS ignores the case of names. */
export function checkSitesOnce(sites: readonly string[], file: DeclaredIn): void {
  const seen = new Set<string>();
  for (const [index, site] of sites.entries()) {
    const folded = site.toLowerCase();
    if (seen.has(folded)) file.problem(['sites', index], `${quote(site)} again`, 'each site once');
    seen.add(folded);
  }
}

/** `IIS sites Shop, id:3`; `sites` null: every site that fits. */
export function sitesText(service: 'IIS' | 'FTP', sites: readonly string[] | null, adopt: boolean): string {
  const where =
    sites === null
      ? `every ${service} site that it fits`
      : `${service} ${sites.length === 1 ? 'site' : 'sites'} ${sites.join(', ')}`;
  return adopt ? where : `${where}; certificates that Everbind did not install are kept`;
}
