import type { Command } from 'commander';
import type { ProviderDefinition } from '../../dns/provider-kit/definition.ts';
import { withAgent } from '../../agent/compose.ts';
import { globalsOf, withGlobals } from '../globals.ts';
import { helpText } from '../help.ts';
import type { Io } from '../io.ts';
import { sayJson } from '../output/json.ts';
import type { PersistRecord } from '../../renewal/issuers/acme/account/persist-records.ts';
import { renderTable } from '../output/table.ts';
import { painter, printable, sayWrapped } from '../output/text.ts';
import type { SetStatus, CliEnvironment } from '../environment.ts';

/** `everbind dns providers` and `everbind dns persist NAME` */
export function registerDns(program: Command, environment: CliEnvironment, setStatus: SetStatus): void {
  const group = program
    .command('dns')
    .description('who can write TXT records for dns-01; lasting records for dns-persist-01')
    .addHelpText('after', helpText(['everbind dns providers', 'everbind dns persist shop']));

  const providers = withGlobals(group.command('providers [name]'))
    .description('the DNS providers: settings, least privilege, what they were tested against')
    .addHelpText('after', helpText(['everbind dns providers powerdns', 'everbind dns providers --json']))
    .action(async (name?: string) => {
      const { PROVIDERS, findProvider } = await import('../../dns/provider-kit/open.ts');
      const wanted = name === undefined ? PROVIDERS : [findProvider(name)];
      if (globalsOf(providers, environment).json) {
        sayJson(environment.io, { providers: wanted.map(({ create: _create, ...facts }) => facts) });
        return;
      }
      if (name === undefined) printOverview(PROVIDERS, environment.io);
      else for (const provider of wanted) printProvider(provider, environment.io);
    });

  const persist = withGlobals(group.command('persist <name>'))
    .description('the lasting TXT records that a certificate with dns-persist-01 needs, and whether they exist')
    .addHelpText(
      'after',
      helpText(
        ['everbind dns persist shop', 'everbind dns persist shop --json'],
        'Nothing is ordered. Exit status 1: a record is missing, or is not what the CA wants.',
      ),
    )
    .action(async (name: string) => {
      const globals = globalsOf(persist, environment);
      const records = await withAgent(
        globals,
        environment,
        () => {},
        ({ accounts, signal }) => accounts.persistRecords(name, signal),
      );
      const ok = records.every(({ problem }) => problem === null);
      if (globals.json) sayJson(environment.io, { ok, records });
      else printPersistRecords(environment.io, name, records);
      if (!ok) setStatus(1);
    });
}

/** One line a provider; optional settings in brackets. */
function printOverview(all: readonly ProviderDefinition[], io: Io): void {
  const rows = [...all]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, title, settings, testedAgainst }) => [
      name,
      title,
      settings.map((setting) => (setting.required ? setting.name : `[${setting.name}]`)).join(' '),
      testedAgainst,
    ]);
  const table = renderTable(
    [{ title: 'NAME', fixed: true }, { title: 'HOST' }, { title: 'SETTINGS' }, { title: 'TESTED AGAINST' }],
    rows,
    { columns: io.columns, paint: painter(io.colour) },
  );
  io.out(`${table}\n`);
  sayWrapped(
    io,
    '',
    'everbind dns providers NAME has the rest; exec, a program of yours, is in docs/challenges.md.',
    0,
  );
}

function printProvider(
  { name, title, settings, privilege, testedAgainst, documentation }: ProviderDefinition,
  io: Io,
): void {
  io.out(`${painter(io.colour)('bold', name)}  ${title} (${testedAgainst})\n`);
  const say = (label: string, text: string): void => sayWrapped(io, `  ${label.padEnd(18)}  `, text, 22);
  for (const setting of settings) {
    const marks = [
      ...(setting.required ? ['required'] : []),
      ...(setting.secret ? ['secret'] : []),
      ...(setting.default === undefined ? [] : [`default ${setting.default}`]),
    ];
    say(setting.name, `${setting.description}${marks.length === 0 ? '' : ` (${marks.join(', ')})`}`);
  }
  say('privilege', privilege);
  say('documentation', documentation);
}

/** Prints each record in the form of a zone file, and whether it exists. */
function printPersistRecords(io: Io, name: string, records: readonly PersistRecord[]): void {
  const paint = painter(io.colour);
  if (records.length === 0) io.out(`No name of ${name} is validated by dns-persist-01.\n`);
  for (const { issuer, record, value, hashed, problem } of records) {
    const state = problem === null ? paint('green', 'visible') : paint('yellow', printable(problem));
    // Not wrapped: people copy it.
    io.out(`${paint('bold', issuer)}: ${state}\n  ${record}. TXT ${quoted(value)}\n`);
    if (hashed) io.out('  It names the key of the account: another key needs another record.\n');
  }
}

/** A character string of a TXT record holds 255 octets (RFC 1035 section 3.3.14). */
function quoted(value: string): string {
  return (printable(value).match(/.{1,255}/g) ?? ['']).map((part) => `"${part}"`).join(' ');
}
