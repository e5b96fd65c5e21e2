import type { Command } from 'commander';
import { listCertificates } from '../../overview/list-certificates.ts';
import { type CertificateState, type Damage, findDamage } from '../../renewal/state/certificate-queries.ts';
import { globalsOf, withGlobals } from '../globals.ts';
import { helpText } from '../help.ts';
import { jsonText } from '../output/json.ts';
import { otherCertificateText } from '../output/notes.ts';
import { type Cell, tableLines } from '../output/table.ts';
import { outAll, painter, sayWrapped } from '../output/text.ts';
import { daysCell, relativeTime } from '../output/time.ts';
import { configChanged, withReadOnlyStore } from '../../agent/read-state.ts';
import { type CertificateHealth, healthOf } from '../../overview/certificate-health.ts';
import { isAtWork } from '../../overview/overview.ts';
import type { SetStatus, CliEnvironment } from '../environment.ts';

/** `everbind list` */
export function registerList(program: Command, environment: CliEnvironment, _setStatus: SetStatus): void {
  const command = withGlobals(program.command('list'))
    .description('the managed certificates: names, days left, next renewal, state')
    .addHelpText('after', helpText(['everbind list', 'everbind list --json']))
    .action(async () => {
      const globals = globalsOf(command, environment);
      await withReadOnlyStore(globals, environment, async (store) => {
        const changed = await configChanged(globals, store);
        const certificates = (): Iterable<CertificateState> => listCertificates(store);
        const damaged = store.read(findDamage);
        if (globals.json) await outAll(environment.io, json(certificates(), changed, damaged));
        else
          await printList(environment, certificates, {
            changed,
            damaged,
            atWork: store.read((db) => isAtWork(db, environment.clock.now())),
          });
      });
    });
}

/** One JSON object, written certificate by certificate. */
function* json(
  certificates: Iterable<CertificateState>,
  changed: boolean,
  damaged: readonly Damage[],
): Generator<string, void> {
  let before = '{"certificates":[';
  for (const certificate of certificates) {
    yield before + jsonText(certificate);
    before = ',';
  }
  yield `${before === ',' ? '' : before}],"configChanged":${String(changed)},"damaged":${jsonText(damaged)}}\n`;
}

/** What is said beside the certificates. */
interface Told {
  readonly changed: boolean;
  readonly damaged: readonly Damage[];
  readonly atWork: boolean;
}

async function printList(
  environment: CliEnvironment,
  certificates: () => Iterable<CertificateState>,
  { changed, damaged, atWork }: Told,
): Promise<void> {
  const { io, clock } = environment;
  const now = clock.now();
  let count = 0;
  let troubled = false;
  function* rows(): Generator<readonly (string | Cell)[], void> {
    for (const certificate of certificates()) {
      count += 1;
      troubled ||= trouble(certificate) !== null;
      yield [
        certificate.name,
        names(certificate),
        days(certificate, now),
        relativeTime(certificate.nextDue, now),
        state(certificate, now, atWork),
      ];
    }
  }
  const columns = [
    { title: 'NAME' },
    { title: 'NAMES' },
    { title: 'DAYS', fixed: true, align: 'right' },
    { title: 'NEXT', fixed: true },
    { title: 'STATE', fixed: true },
  ] as const;
  const lines = tableLines(columns, rows, { columns: io.columns, paint: painter(io.colour) });
  const title = lines.next();
  if (count === 0) {
    sayDamaged(io, damaged);
    if (!changed && damaged.length === 0) io.out('No certificate is managed; declare one with everbind add.\n');
    sayChanged(environment, changed);
    return;
  }
  if (title.done !== true) io.out(title.value);
  await outAll(io, lines);
  if (troubled) await sayTrouble(io, certificates());
  sayDamaged(io, damaged);
  if (changed) io.out('\n');
  sayChanged(environment, changed);
}

function trouble({
  failures,
  lastError,
  servedNowhere,
  unverified,
  drifted,
  otherCertificate,
}: CertificateState): string | null {
  if (failures > 0) return lastError?.code ?? 'INTERNAL';
  if (servedNowhere) return 'no binding has it';
  if (otherCertificate.length > 0) return otherCertificateText(otherCertificate);
  if (unverified) return 'no handshake has shown it';
  return drifted ? 'its bindings are not as they were deployed' : null;
}

async function sayTrouble(io: CliEnvironment['io'], certificates: Iterable<CertificateState>): Promise<void> {
  io.out('\n');
  for (const certificate of certificates) {
    const text = trouble(certificate);
    if (text === null) continue;
    sayWrapped(io, '', `${certificate.name}: ${text}; see everbind show ${certificate.name}`, 2);
    await io.drained();
  }
}

function sayDamaged(io: CliEnvironment['io'], damaged: readonly Damage[]): void {
  const names = [...new Set(damaged.map(({ table, name }) => (name === '' ? `a row of ${table}` : name)))];
  if (names.length === 0) return;
  const text = `damaged in the database: ${names.join(', ')}. The next run writes it anew; see everbind status.`;
  sayWrapped(io, painter(io.colour)('red', 'note  '), text, 6);
}

function sayChanged({ io }: CliEnvironment, changed: boolean): void {
  if (!changed) return;
  const text = 'everbind.yaml has changed; the next renewal takes it up (everbind renew --all-due --dry-run shows it).';
  sayWrapped(io, painter(io.colour)('yellow', 'note  '), text, 6);
}

function days({ active }: CertificateState, now: number): Cell {
  return active === null ? { text: '-' } : daysCell(active, now);
}

/** The first name, and the number of further ones. */
function names({ config: { identifiers } }: CertificateState): string {
  const first = identifiers[0]?.value ?? '';
  return identifiers.length > 1 ? `${first} +${identifiers.length - 1}` : first;
}

const STYLES: Readonly<Record<CertificateHealth, NonNullable<Cell['style']>>> = {
  failing: 'red',
  'under-way': 'yellow',
  interrupted: 'yellow',
  new: 'yellow',
  due: 'yellow',
  'served-nowhere': 'red',
  'partly-served': 'red',
  unverified: 'yellow',
  drifted: 'yellow',
  'not-checked': 'dim',
  ok: 'green',
};

function state(certificate: CertificateState, now: number, atWork: boolean): Cell {
  const health = healthOf(certificate, { now, atWork });
  const text = health === 'failing' ? `failed ${certificate.failures}x` : health.replace('-', ' ');
  return { text, style: STYLES[health] };
}
