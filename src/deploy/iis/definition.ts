import type { DeploymentType, SchemaValues } from '../deployment-type.ts';
import { checkSitesOnce, DEFAULT_STORE, sitesSetting, sitesText, storeSetting } from './site-settings.ts';

/** As declared, with defaults. */
export interface IisConfig {
  readonly type: 'iis';
  /** Names of sites, or `id:N`; null means every site whose bindings fit the certificate's names. */
  readonly sites: readonly string[] | null;
  /** Whether bindings that hold somebody else's certificate, or none, are taken over. */
  readonly adopt: boolean;
  readonly store: 'WebHosting' | 'MY';
  /** Application ids (GUID in braces, lower case) whose http.sys records may be changed as well. */
  readonly adoptForeignAppIds: readonly string[];
}

const settings = (schema: SchemaValues) => ({
  sites: sitesSetting(schema)
    .optional()
    .meta({
      description:
        "Sites whose bindings get the certificate, by name or as `id:NUMBER`. Without it: every site whose bindings fit the certificate's names.",
      examples: [['Shop', 'id:3']],
    }),
  adopt: schema.yesOrNo().optional().meta({
    description:
      'Take over bindings that hold a certificate that Everbind did not install, or none. Without it only bindings that hold an earlier certificate of Everbind are changed. docs/binding-rules.md has the rules.',
    default: false,
  }),
  store: storeSetting(schema),
  adoptForeignAppIds: schema
    .listOf(
      schema.text({
        expected: 'an application id, such as "{4dc3e181-e14b-4a21-b022-59fc669b0914}"',
        pattern: /^\{[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}$/,
      }),
      'application ids',
      { max: 64 },
    )
    .optional()
    .meta({
      description:
        'Records of http.sys that another program made are skipped, except those with these application ids.',
      default: [],
      examples: [['{214124cd-d05b-4309-9af9-9caa44b2b74a}']],
    }),
});

/** Certificates of IIS sites: the certificate store, the http.sys records, and a handshake with every binding. */
export const iis: DeploymentType<'iis', IisConfig, ReturnType<typeof settings>> = {
  type: 'iis',
  description: 'Bindings of IIS web sites.',
  needs: 'iis',
  settings,
  configure: ({ sites = null, adopt = false, store = DEFAULT_STORE, adoptForeignAppIds = [] }, file) => {
    checkSitesOnce(sites ?? [], file);
    return { type: 'iis', sites, adopt, store, adoptForeignAppIds: adoptForeignAppIds.map((id) => id.toLowerCase()) };
  },
  describe: ({ sites, adopt }) => sitesText('IIS', sites, adopt),
  create: async (config, parts) => {
    const { createIisDeployment } = await import('./deployment.ts');
    return createIisDeployment({ ...config, ...parts });
  },
};
