import * as z from 'zod';
import { DEFAULTS } from '../defaults.ts';
import { siteSelector } from './names.ts';
import { listOf, oneOf, section, text, yesOrNo } from './values.ts';

const DEPLOYMENT = 'a mapping with type: iis or iis-ftp';

const store = oneOf(['WebHosting', 'MY']).optional().meta({
  description: 'Certificate store of the machine; `MY` is shown as Personal by Windows.',
  default: DEFAULTS.store,
});

/** Where a certificate is put to use. */
export const deployment = z.discriminatedUnion(
  'type',
  [
    section(
      {
        type: z.literal('iis').meta({ description: 'Bindings of IIS web sites.' }),
        sites: listOf(siteSelector(), 'sites', {
          min: 1,
          max: 10_000,
        })
          .optional()
          .meta({
            description:
              "Sites whose bindings get the certificate, by name or as `id:NUMBER`. Without it: every site whose bindings fit the certificate's names.",
            examples: [['Shop', 'id:3']],
          }),
        adopt: yesOrNo().optional().meta({
          description:
            'Take over bindings that hold a certificate of somebody else, or none. Without it only bindings that hold an earlier certificate of Everbind are changed. docs/binding-rules.md has the rules.',
          default: DEFAULTS.adopt,
        }),
        store,
        adoptForeignAppIds: listOf(
          text({
            expected: 'an application id, such as "{4dc3e181-e14b-4a21-b022-59fc669b0914}"',
            pattern: /^\{[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}$/,
          }),
          'application ids',
          { max: 64 },
        )
          .optional()
          .meta({
            description:
              'Records of http.sys that another program made are left alone, except those with these application ids.',
            default: [],
            examples: [['{214124cd-d05b-4309-9af9-9caa44b2b74a}']],
          }),
      },
      DEPLOYMENT,
    ),
    section(
      {
        type: z.literal('iis-ftp').meta({ description: 'The certificate of FTP sites of IIS.' }),
        sites: listOf(siteSelector(), 'sites', { min: 1, max: 10_000 }).meta({
          description: 'FTP sites that get the certificate, by name or as `id:NUMBER`.',
          examples: [['Files']],
        }),
        adopt: yesOrNo().optional().meta({
          description: 'Also sites that hold a certificate of somebody else, or none of their own.',
          default: DEFAULTS.adopt,
        }),
        store,
      },
      DEPLOYMENT,
    ),
  ],
  DEPLOYMENT,
);

export type DeploymentInput = z.output<typeof deployment>;
