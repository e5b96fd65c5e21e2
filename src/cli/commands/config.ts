import type { Command } from 'commander';
import { loadConfig } from '../../config/load.ts';
import { globalsOf, withGlobals } from '../globals.ts';
import { helpText } from '../help.ts';
import { sayJson } from '../output/json.ts';
import { painter, plural, sayWrapped } from '../output/text.ts';
import type { SetStatus, CliEnvironment } from '../environment.ts';

/** `everbind config check|schema` */
export function registerConfig(program: Command, environment: CliEnvironment, _setStatus: SetStatus): void {
  const group = program
    .command('config')
    .description('check everbind.yaml, or print its JSON Schema')
    .addHelpText('after', helpText(['everbind config check', 'everbind config schema']));

  const check = withGlobals(group.command('check'))
    .description('check the configuration without running anything')
    .addHelpText(
      'after',
      helpText(
        ['everbind config check', 'everbind config check --config ./everbind.yaml --json'],
        'Exit status: 0 right, 2 wrong (each problem with line, column, path and what was expected; or the HMAC key of an issuer, as it is stored, is none).',
      ),
    )
    .action(async () => {
      const globals = globalsOf(check, environment);
      const config = await loadConfig(globals.configFile, environment.deploymentCatalogue);
      const { checkExternalKeys } = await import('../../agent/external-keys.ts');
      await checkExternalKeys(globals, environment, config.issuers);
      const counts = { issuers: config.issuers.length, certificates: config.certificates.length };
      if (globals.json) {
        sayJson(environment.io, { ok: true, file: config.file, ...counts, warnings: config.warnings });
        return;
      }
      const paint = painter(environment.io.colour);
      environment.io.out(
        `${paint('green', 'ok')}  ${config.file}: ${plural(counts.issuers, 'issuer')}, ${plural(counts.certificates, 'certificate')}\n`,
      );
      for (const warning of config.warnings) {
        const text = `line ${warning.line}, ${warning.path}: ${warning.message}`;
        sayWrapped(environment.io, `${paint('yellow', 'warning')}  `, text, 9);
      }
    });

  group
    .command('schema')
    .description('print the JSON Schema of everbind.yaml, for editors')
    .option('--json', 'as without it: a schema is JSON')
    .addHelpText('after', helpText(['everbind config schema > everbind.schema.json']))
    .action(async () => {
      const { default: schema } = await import('../../config/everbind.schema.json', { with: { type: 'json' } });
      sayJson(environment.io, schema, 2);
    });
}
