import type { Command } from 'commander';
import { EverbindError } from '../../errors/error.ts';
import type { NewBinding } from '../../agent/add-binding.ts';
import { siteText } from '../../iis/config/inventory-types.ts';
import { hasFlag, parseSslFlags, SSL_FLAG } from '../../iis/config/ssl-flags.ts';
import { canonicalHost, dnsNameProblem } from '../../pki/x509/names.ts';
import { globalsOf, withGlobals } from '../globals.ts';
import { helpText } from '../help.ts';
import { sayJson } from '../output/json.ts';
import { painter, printable } from '../output/text.ts';
import type { SetStatus, CliEnvironment } from '../environment.ts';

/** `everbind bind SITE HOST` */
export function registerBind(program: Command, environment: CliEnvironment, setStatus: SetStatus): void {
  const command = withGlobals(program.command('bind <site> <host>'))
    .description('add an https binding to an IIS site, for a certificate to come')
    .option('--port <number>', 'of the binding', '443')
    .option('--ssl-flags <bits>', 'sslFlags of IIS: 1 SNI, 32 no TLS 1.3, 64 no old TLS, …', '1')
    .addHelpText(
      'after',
      helpText(
        ['everbind bind Shop www.shop.example.com', 'everbind bind id:3 api.example.com --port 8443 --ssl-flags 33'],
        "A backup of IIS's configuration is made first (appcmd list backup). The binding works once it has a certificate: declare one with everbind add --adopt, and renew it.",
        'Exit status: 0 it is there, 1 it could not be added, 2 wrong usage, 5 no rights or no IIS.',
      ),
    )
    .action(async (wanted: string, host: string) => {
      const globals = globalsOf(command, environment);
      const options = command.opts<{ port: string; sslFlags: string }>();
      const wantedBinding = { site: wanted, ...bindingOf(host, options) };
      const { addBinding } = await import('../../agent/server-modules.ts');
      const { site, binding, sslFlags } = await addBinding(globals, environment, wantedBinding);
      setStatus(0);
      if (globals.json) {
        sayJson(environment.io, { site: site.name, binding, sslFlags });
        return;
      }
      const paint = painter(environment.io.colour);
      environment.io.out(`${paint('green', 'bound')} https ${printable(binding)} to ${printable(siteText(site))}\n`);
    });
}

function bindingOf(
  text: string,
  options: { readonly port: string; readonly sslFlags: string },
): Omit<NewBinding, 'site'> {
  const host = canonicalHost(text);
  const bare = host.startsWith('*.') ? host.slice(2) : host;
  if (dnsNameProblem(bare) !== null) throw new EverbindError('CLI_USAGE', `${text} is no host name`);
  const port = Number(options.port);
  if (!/^\d{1,5}$/.test(options.port) || port < 1 || port > 65_535) {
    throw new EverbindError('CLI_USAGE', `${options.port} is no port`);
  }
  const sslFlags = parseSslFlags(options.sslFlags);
  if (sslFlags === null) throw new EverbindError('CLI_USAGE', `${options.sslFlags} are no sslFlags`);
  if (hasFlag(sslFlags, SSL_FLAG.centralStore)) {
    throw new EverbindError('CLI_USAGE', 'Everbind does not handle certificates of the central store; omit flag 2');
  }
  return { host, port, sslFlags };
}
