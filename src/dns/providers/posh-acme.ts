import { posix, win32 } from 'node:path';
import * as z from 'zod';
import { createHostPace } from '../../cloud/host-pace.ts';
import { EverbindError } from '../../errors/error.ts';
import type { TxtRecord } from '../../ports/dns-provider.ts';
import type { ProviderDefinition } from '../provider-kit/definition.ts';
import { DNS_CODES, wrongSetting } from '../provider-kit/provider-failure.ts';
import { POSH_EXIT, poshCommand } from '../provider-kit/posh-acme-script.ts';
import { optional, required } from '../provider-kit/settings.ts';
import { zoneCandidates } from '../provider-kit/zones.ts';

const timeoutMs = 180_000;
const maxOutput = 1 << 20;
/** The only line of the script's output that is repeated: what a plugin prints may hold a secret. */
const saying = /^[\w.+`]{1,120}(?: status \d{3})?(?: at [\w.-]{1,80}:\d{1,6})?$/;

const pluginArguments = z.record(
  z.string().regex(/^[A-Za-z]\w{0,63}$/),
  z.union([
    z.string().max(32_768),
    z.boolean(),
    z.int(),
    z.array(z.string()).max(100),
    z.strictObject({ secure: z.string().max(32_768), user: z.string().optional() }),
  ]),
);

/** The plugins of the PowerShell module Posh-ACME. Each change starts a PowerShell of its own. */
export const poshAcme: ProviderDefinition = {
  name: 'posh-acme',
  title: 'Plugins of Posh-ACME',
  settings: [
    {
      name: 'plugin',
      required: true,
      secret: false,
      description: 'Name of the plugin, as `Get-PAPlugin` of the module Posh-ACME lists it.',
      example: 'DNSimple',
    },
    {
      name: 'arguments',
      required: false,
      secret: true,
      description:
        'Arguments of the plugin as one JSON object: text, numbers, true or false, lists of text; for a SecureString `{"secure": "…"}`, for a PSCredential `{"user": "…", "secure": "…"}`.',
      example: 'secret:DNS_ARGUMENTS, with the value {"DSToken": {"secure": "…"}}',
    },
    {
      name: 'module',
      required: false,
      secret: false,
      description: 'The module: installed for all users, or the absolute path of its folder.',
      default: 'Posh-ACME',
    },
    {
      name: 'program',
      required: false,
      secret: false,
      description: 'Absolute path of the PowerShell that runs it, when it is not the one of Windows.',
      default: 'WindowsPowerShell\\v1.0\\powershell.exe in the system folder',
      example: 'C:\\Program Files\\PowerShell\\7\\pwsh.exe',
    },
  ],
  privilege:
    "Whatever the plugin's guide says for its host. The plugin runs with the rights of Everbind, so only administrators may be able to change the module's folder.",
  testedAgainst: 'double of the documented API',
  documentation: 'https://poshac.me/docs/latest/Plugins/',
  create: (settings, { runProgram, systemFolder, inTurn, clock }) => {
    const plugin = required(settings, 'plugin');
    if (!/^[A-Za-z0-9_]{1,64}$/.test(plugin)) throw wrongSetting('plugin', 'the name of a plugin');
    const module = optional(settings, 'module') ?? 'Posh-ACME';
    if (module !== 'Posh-ACME' && !isAbsolute(module)) throw wrongSetting('module', 'Posh-ACME or an absolute path');
    const program = optional(settings, 'program') ?? windowsPowerShell(systemFolder);
    if (!isAbsolute(program)) throw wrongSetting('program', 'an absolute path');
    const args = readArguments(settings['arguments'] ?? '');
    const command = poshCommand(program);

    async function run(action: 'present' | 'cleanup', { name, value }: TxtRecord, signal?: AbortSignal): Promise<void> {
      const input = ascii(JSON.stringify({ action, module, plugin, name, value, arguments: args }));
      // Many plugins read, change and write a whole zone.
      const end = await inTurn(`posh-acme ${plugin}`, () =>
        runProgram({ command, input, timeoutMs, maxOutput }, signal),
      );
      if (end.kind === 'exited' && end.exitCode === POSH_EXIT.done) return;
      if (end.kind === 'exited') throw failed(plugin, end.exitCode, end.lastWords);
      const details = { program, reason: end.kind };
      throw new EverbindError('DNS_PROVIDER_FAILED', `PowerShell did not run to its end (${end.kind})`, details);
    }

    const pace = createHostPace(clock, ({ code }) => code === DNS_CODES.rate);
    return {
      present: (record, signal) => pace.run(() => run('present', record, signal), signal),
      cleanUp: (record, signal) => pace.run(() => run('cleanup', record, signal), signal),
      // Only the plugin knows the zone.
      findZone: (name) => Promise.resolve(zoneCandidates(name).at(-1) ?? name),
    };
  },
};

function failed(plugin: string, exitCode: number | null, said: string): EverbindError {
  if (exitCode === POSH_EXIT.noModule) return wrongSetting('module', `a Posh-ACME that can be loaded${words(said)}`);
  if (exitCode === POSH_EXIT.noPlugin) return wrongSetting('plugin', 'one of the plugins of this Posh-ACME');
  if (exitCode === POSH_EXIT.arguments) return wrongSetting('arguments', `usable${words(said)}`);
  const details = { plugin, exitCode };
  if (exitCode === POSH_EXIT.throttled) {
    return new EverbindError(DNS_CODES.rate, `the host of the plugin ${plugin} asks to send fewer requests`, details);
  }
  return new EverbindError('DNS_PROVIDER_FAILED', `the plugin ${plugin} failed${words(said)}`, details);
}

function words(said: string): string {
  return saying.test(said) ? ` (${said})` : '';
}

function readArguments(text: string): z.output<typeof pluginArguments> {
  try {
    return pluginArguments.parse(text === '' ? {} : JSON.parse(text));
  } catch {
    // What was thrown may quote a secret.
    throw wrongSetting('arguments', 'a JSON object of arguments as documented');
  }
}

/** Windows PowerShell reads standard input in the code page of the console. */
function ascii(json: string): string {
  return json.replace(/[^\x20-\x7e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function isAbsolute(path: string): boolean {
  return process.platform === 'win32' ? win32.isAbsolute(path) : posix.isAbsolute(path);
}

function windowsPowerShell(systemFolder: string | null): string {
  if (systemFolder === null) throw wrongSetting('program', 'given, and this is not Windows');
  return `${systemFolder}\\WindowsPowerShell\\v1.0\\powershell.exe`;
}
