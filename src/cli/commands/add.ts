import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { EverbindError } from '../../errors/error.ts';
import { type SiteInventory, siteText } from '../../iis/config/inventory-types.ts';
import { distinctHosts, namesOfSites } from '../../iis/plan/site-names.ts';
import { bindingHosts, unboundHosts } from '../../iis/plan/unbound.ts';
import type { NewCertificate } from '../../config/add-certificate.ts';
import { globalsOf, withGlobals } from '../globals.ts';
import { helpText } from '../help.ts';
import { sayJson } from '../output/json.ts';
import { painter, printable, sayWrapped } from '../output/text.ts';
import type { SetStatus, CliEnvironment } from '../environment.ts';

interface AddOptions {
  readonly site?: readonly string[];
  readonly names?: string;
  readonly issuer?: readonly string[];
  readonly key?: string;
  readonly mode?: string;
  readonly adopt?: boolean;
  readonly directory?: string;
  readonly contact?: readonly string[];
  readonly acceptTerms?: boolean;
  readonly yes?: boolean;
}

/** `everbind add NAME`: declares a certificate in everbind.yaml. */
export function registerAdd(program: Command, environment: CliEnvironment, _setStatus: SetStatus): void {
  const command = withGlobals(program.command('add <name>'))
    .description('declare a certificate for a site (writes everbind.yaml, changes no binding)')
    .option('--site <name...>', 'IIS sites whose bindings it serves (name or id:N)')
    .option(
      '--names <list>',
      'names, separated by commas (default: the hosts of the https bindings of the sites; of the http bindings where a site has no others)',
    )
    .option('--issuer <name...>', 'issuers of the configuration, the first choice first')
    .option('--key <algorithm>', 'ec-p256, ec-p384, rsa-2048, rsa-3072 or rsa-4096')
    .option('--mode <mode>', 'what responds to HTTP-01: auto, webroot, http.sys or listener')
    .option('--adopt', 'take over bindings of these sites that hold a certificate that Everbind did not install')
    .option('--directory <url>', "ACME directory, for a new configuration (default: that of Let's Encrypt)")
    .option('--contact <url...>', 'mailto: address for the CA, for a new configuration')
    .option('--accept-terms', "agree to the CA's terms of service, for a new configuration")
    .option('-y, --yes', 'do not ask')
    .addHelpText(
      'after',
      helpText(
        [
          'everbind add shop --site Shop --adopt',
          'everbind add api --names api.example.com,192.0.2.7 --key rsa-3072',
          'everbind add shop --site id:3 --adopt --accept-terms',
        ],
        'Without --adopt, bindings that hold a certificate that Everbind did not install are skipped.',
      ),
    )
    .action(async (name: string) => {
      const globals = globalsOf(command, environment);
      const options = command.opts<AddOptions>();
      const { writeAddition } = await import('../../agent/add-to-config.ts');
      const sites = options.site === undefined ? [] : await findIisSites(environment, options.site);
      const ofSites = namesOfSites(sites);
      const names =
        options.names === undefined
          ? ofSites.names
          : distinctHosts(options.names.split(',').map((part) => part.trim()));
      if (names.length === 0) {
        throw new EverbindError('CLI_USAGE', 'no names: give --names, or a --site whose bindings have host names');
      }
      const adopt = options.adopt === true || (sites.length > 0 && (await wantsAdoption(environment, sites, options)));
      const certificate: NewCertificate = {
        name,
        names,
        ...(options.issuer === undefined ? {} : { issuers: options.issuer }),
        ...(options.key === undefined ? {} : { key: { algorithm: options.key } }),
        ...(options.mode === undefined ? {} : { challenge: { type: 'http-01', mode: options.mode } }),
        ...(options.site === undefined ? {} : { deployments: [{ type: 'iis', sites: options.site, adopt }] }),
      };
      if (dirname(resolve(globals.configFile)) === resolve(globals.stateDir)) {
        await environment.ensurePrivateFolder?.(globals.stateDir);
      }
      const fromSites = options.names === undefined;
      const { file, certificates, ...found } = await writeAddition(globals.configFile, certificate, options, {
        fromSites,
      });
      const aside = [...(fromSites ? ofSites.aside : []), ...found.aside];
      const unbound = unboundHosts(
        certificates.flatMap((one) => one.names),
        sites,
      );
      if (globals.json) {
        sayJson(environment.io, { ok: true, file, certificates, aside, warnings: found.warnings, unbound });
      } else {
        const paint = painter(environment.io.colour);
        for (const one of certificates) {
          sayWrapped(environment.io, paint('green', 'added '), `${one.name} for ${one.names.join(', ')} to ${file}`, 6);
        }
        const note = (text: string): void => sayWrapped(environment.io, paint('yellow', 'note  '), text, 6);
        for (const { host, reason } of aside) note(`${host} is left out: ${reason}`);
        for (const warning of found.warnings) note(warning);
        if (!adopt && bindingHosts(sites, 'https').length > 0) {
          note(
            'bindings that hold a certificate that Everbind did not install are skipped; adopt: true in the file takes them over',
          );
        }
        const [first] = sites;
        for (const { host } of unbound) {
          const site = siteArgument(first?.id ?? null, first?.name ?? '');
          note(`no https binding for ${host}; to add one: everbind bind ${site} ${host}`);
        }
        const added = certificates.map((one) => one.name).join(' ');
        environment.io.out(`See what would happen: everbind renew ${added} --dry-run\n`);
      }
    });
}

async function findIisSites(environment: CliEnvironment, wanted: readonly string[]): Promise<readonly SiteInventory[]> {
  const { findSites } = await import('../../agent/server-modules.ts');
  return findSites(environment, wanted);
}

async function wantsAdoption(
  environment: CliEnvironment,
  sites: readonly SiteInventory[],
  options: AddOptions,
): Promise<boolean> {
  const bindings = sites.flatMap((site) =>
    site.bindings
      .filter(({ protocol }) => protocol === 'https')
      .map(({ text }) => `  ${printable(siteText(site))}: ${printable(text)}\n`),
  );
  if (bindings.length === 0 || options.yes === true) return false;
  environment.io.err(`The https bindings:\n${bindings.join('')}`);
  const answer = await environment.io.ask('Take them over, whatever certificate they hold now? [y/N] ');
  return answer !== null && /^y(es)?$/i.test(answer.trim());
}

/**
 * A site of IIS for a command line that somebody may copy: its name, in quotes if it has spaces. If a shell or our own
 * parser could take the name for more than a name, `id:N`, or `SITE` when it has no number. Whoever names sites is not
 * necessarily whoever copies.
 */
export function siteArgument(id: number | null, name: string): string {
  if (!/^[\p{L}\p{N}_][\p{L}\p{N}_ .-]*$/u.test(name)) return id === null ? 'SITE' : `id:${id}`;
  return name.includes(' ') ? `"${name}"` : name;
}
