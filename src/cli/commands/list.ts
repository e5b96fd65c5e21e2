import type { Command } from 'commander';
import { listCertificates, type CertificateState } from '../../renewal/readers.ts';
import { globalsOf, withGlobals } from '../globals.ts';
import { helpText } from '../help.ts';
import { sayJson } from '../output/json.ts';
import { type Cell, renderTable } from '../output/table.ts';
import { painter, sayWrapped } from '../output/text.ts';
import { daysLeft, relativeTime } from '../output/time.ts';
import { configChanged, withReadOnlyStore } from '../read-state.ts';
import type { SetStatus, World } from '../world.ts';

/** `everbind list` */
export function registerList(program: Command, world: World, _setStatus: SetStatus): void {
  const command = withGlobals(program.command('list'))
    .description('the managed certificates: names, days left, next renewal, state')
    .addHelpText('after', helpText(['everbind list', 'everbind list --json']))
    .action(async () => {
      const globals = globalsOf(command, world);
      const { certificates, changed } = await withReadOnlyStore(globals, world, async (store) => ({
        certificates: store.read(listCertificates),
        changed: await configChanged(globals, store),
      }));
      if (globals.json) {
        sayJson(world.io, { certificates, configChanged: changed });
        return;
      }
      if (certificates.length === 0) {
        if (!changed) world.io.out('No certificate is managed; declare one with everbind add.\n');
        sayChanged(world, changed);
        return;
      }
      const now = world.clock.now();
      const rows = certificates.map((certificate): (string | Cell)[] => [
        certificate.name,
        names(certificate),
        days(certificate, now),
        relativeTime(certificate.nextDue, now),
        state(certificate, now),
      ]);
      world.io.out(
        renderTable(
          [
            { title: 'NAME' },
            { title: 'NAMES' },
            { title: 'DAYS', fixed: true, align: 'right' },
            { title: 'NEXT', fixed: true },
            { title: 'STATE', fixed: true },
          ],
          rows,
          { columns: world.io.columns, paint: painter(world.io.colour) },
        ),
      );
      const failing = certificates.filter(({ failures }) => failures > 0);
      if (failing.length > 0) world.io.out('\n');
      for (const { name, lastError } of failing) {
        sayWrapped(world.io, '', `${name}: ${lastError?.code ?? 'INTERNAL'}; see everbind show ${name}`, 2);
      }
      if (changed) world.io.out('\n');
      sayChanged(world, changed);
    });
}

function sayChanged({ io }: World, changed: boolean): void {
  if (!changed) return;
  const text = 'everbind.yaml has changed; the next renewal takes it up (everbind renew --all-due --dry-run shows it).';
  sayWrapped(io, painter(io.colour)('yellow', 'note  '), text, 6);
}

function days({ active }: CertificateState, now: number): Cell {
  if (active === null) return { text: '-' };
  const left = daysLeft(active.notAfter, now);
  return { text: String(left), style: left < 0 ? 'red' : left < 14 ? 'yellow' : 'green' };
}

/** The first name, and how many more there are. */
function names({ config: { identifiers } }: CertificateState): string {
  const first = identifiers[0]?.value ?? '';
  return identifiers.length > 1 ? `${first} +${identifiers.length - 1}` : first;
}

function state({ active, failures, openStep, nextDue }: CertificateState, now: number): Cell {
  if (failures > 0) return { text: `failed ${failures}x`, style: 'red' };
  if (openStep !== null) return { text: 'interrupted', style: 'yellow' };
  if (nextDue <= now) return { text: active === null ? 'new' : 'due', style: 'yellow' };
  return { text: 'ok', style: 'green' };
}
