import type { DeploymentType, SchemaValues } from '../deployment-type.ts';
import { checkSitesOnce, DEFAULT_STORE, sitesSetting, sitesText, storeSetting } from '../iis/site-settings.ts';

/** As declared, with defaults. */
export interface IisFtpConfig {
  readonly type: 'iis-ftp';
  /** Names of sites, or `id:N`; never empty. */
  readonly sites: readonly string[];
  /** Whether sites that hold somebody else's certificate, or none of their own, are taken over. */
  readonly adopt: boolean;
  readonly store: 'WebHosting' | 'MY';
}

const settings = (schema: SchemaValues) => ({
  sites: sitesSetting(schema).meta({
    description: 'FTP sites that get the certificate, by name or as `id:NUMBER`.',
    examples: [['Files']],
  }),
  adopt: schema.yesOrNo().optional().meta({
    description: 'Also change sites that hold a certificate that Everbind did not install, or none of their own.',
    default: false,
  }),
  store: storeSetting(schema),
});

/** The certificate of FTP sites of IIS. It is a setting of the site, not a record of http.sys. */
export const iisFtp: DeploymentType<'iis', IisFtpConfig, ReturnType<typeof settings>> = {
  type: 'iis-ftp',
  description: 'The certificate of FTP sites of IIS.',
  needs: 'iis',
  settings,
  configure: ({ sites, adopt = false, store = DEFAULT_STORE }, file) => {
    checkSitesOnce(sites, file);
    return { type: 'iis-ftp', sites, adopt, store };
  },
  describe: ({ sites, adopt }) => sitesText('FTP', sites, adopt),
  create: async (config, parts) => {
    const { createIisFtpDeployment } = await import('./deployment.ts');
    return createIisFtpDeployment({ ...config, ...parts });
  },
};
