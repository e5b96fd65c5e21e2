import type { Command } from 'commander';
import { listSecrets } from '../../custody/sealing/secrets.ts';
import { EverbindError } from '../../errors/error.ts';
import { globalsOf, withGlobals } from '../globals.ts';
import { helpText } from '../help.ts';
import { sayJson } from '../output/json.ts';
import { renderTable } from '../output/table.ts';
import { painter } from '../output/text.ts';
import { shortTime } from '../output/time.ts';
import { checkSecretValue } from '../../agent/external-keys.ts';
import { withReadOnlyStore } from '../../agent/read-state.ts';
import { openState, type State } from '../../agent/state.ts';
import type { SetStatus, CliEnvironment } from '../environment.ts';

const MAX_SECRET_OCTETS = 65_536;

/** `everbind secret set|list|remove` */
export function registerSecret(program: Command, environment: CliEnvironment, _setStatus: SetStatus): void {
  const group = program
    .command('secret')
    .description('values that everbind.yaml refers to as secret:NAME, sealed')
    .addHelpText('after', helpText(['everbind secret set zerossl-hmac', 'everbind secret list']));

  const set = withGlobals(group.command('set <name>'))
    .description('set or replace a secret; the value is read from standard input or asked for without echo')
    .addHelpText('after', helpText(['everbind secret set zerossl-hmac', 'everbind secret set zerossl-hmac < hmac.txt']))
    .action(async (name: string) => {
      const value =
        (await environment.io.ask(`Value of ${name}: `, { hidden: true })) ??
        (await environment.io.readInput(MAX_SECRET_OCTETS));
      const trimmed = value.replace(/\r?\n$/, '');
      await checkSecretValue(globalsOf(set, environment), environment, name, trimmed);
      await withState(set, async ({ secrets }) => {
        await secrets.setSecret(name, trimmed);
        print(set, { ok: true, name }, `set ${name}; refer to it as secret:${name}\n`);
      });
    });

  const list = withGlobals(group.command('list'))
    .description('names and dates, never values')
    .addHelpText('after', helpText(['everbind secret list', 'everbind secret list --json']))
    .action(async () => {
      await withReadOnlyStore(globalsOf(list, environment), environment, (store) => {
        const rows = listSecrets(store);
        const text =
          rows.length === 0
            ? 'No secrets.\n'
            : renderTable(
                [{ title: 'NAME' }, { title: 'CHANGED', fixed: true }],
                rows.map(({ name, changedAt }) => [name, shortTime(changedAt)]),
                { columns: environment.io.columns, paint: painter(environment.io.colour) },
              );
        print(list, { secrets: rows }, text);
      });
    });

  const remove = withGlobals(group.command('remove <name>'))
    .description('destroy a secret')
    .addHelpText('after', helpText(['everbind secret remove zerossl-hmac']))
    .action(async (name: string) => {
      await withState(remove, async ({ secrets }) => {
        if (!(await secrets.deleteSecret(name))) {
          throw new EverbindError('SECRET_NOT_FOUND', `there is no secret ${name}`, { name });
        }
        print(remove, { ok: true, name }, `removed ${name}\n`);
      });
    });

  function print(command: Command, json: unknown, text: string): void {
    if (globalsOf(command, environment).json) sayJson(environment.io, json);
    else environment.io.out(text);
  }

  async function withState(command: Command, work: (state: State) => Promise<void>): Promise<void> {
    const state = await openState(globalsOf(command, environment).stateDir, environment);
    try {
      await work(state);
    } finally {
      await state.close();
    }
  }
}
