import type { Command } from 'commander';
import { globalsOf, withGlobals } from '../globals.ts';
import { helpText } from '../help.ts';
import { painter, sayWrapped } from '../output/text.ts';
import type { SetStatus, World } from '../world.ts';

/** `everbind dns providers` */
export function registerDns(program: Command, world: World, _setStatus: SetStatus): void {
  const group = program
    .command('dns')
    .description('who can write TXT records for dns-01')
    .addHelpText('after', helpText(['everbind dns providers', 'everbind dns providers powerdns']));

  const providers = withGlobals(group.command('providers [name]'))
    .description('the DNS providers: settings, least privilege, what they were tested against')
    .addHelpText('after', helpText(['everbind dns providers powerdns', 'everbind dns providers --json']))
    .action(async (name?: string) => {
      const { PROVIDERS } = await import('../../dns/providers/all.ts');
      const { findProvider } = await import('../../dns/providers/find.ts');
      const wanted = name === undefined ? PROVIDERS : [findProvider(name)];
      if (globalsOf(providers, world).json) {
        world.io.out(`${JSON.stringify({ providers: wanted.map(({ create: _create, ...facts }) => facts) })}\n`);
        return;
      }
      const paint = painter(world.io.colour);
      for (const [index, provider] of wanted.entries()) {
        if (index > 0) world.io.out('\n');
        world.io.out(`${paint('bold', provider.name)}  ${provider.title} (${provider.testedAgainst})\n`);
        for (const setting of provider.settings) {
          const marks = [
            ...(setting.required ? ['required'] : []),
            ...(setting.secret ? ['secret'] : []),
            ...(setting.default === undefined ? [] : [`default ${setting.default}`]),
          ];
          const label = `  ${setting.name.padEnd(18)}`;
          const mark = marks.length === 0 ? '' : ` (${marks.join(', ')})`;
          sayWrapped(world.io, label, `${setting.description}${mark}`, 20);
        }
        sayWrapped(world.io, '  privilege         ', provider.privilege, 20);
        sayWrapped(world.io, '  documentation     ', provider.documentation, 20);
      }
    });
}
