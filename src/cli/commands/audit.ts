import type { Command } from 'commander';
import { checkContinuation } from '../../audit/continuation.ts';
import { decodeEvent } from '../../audit/event.ts';
import { verifierText } from '../../audit/note.ts';
import { checkProof, MOST_PROOF_OCTETS, parseProof, tlogProof } from '../../audit/proof.ts';
import { EverbindError } from '../../errors/error.ts';
import {
  newestCheckpoint,
  proveContinuation,
  proveEvent,
  readEvents,
  verifyStoredLog,
} from '../../store/audit-read.ts';
import { givenKey, readPinnedKey } from '../../agent/audit-key-file.ts';
import { type Globals, globalsOf, withGlobals } from '../globals.ts';
import { sayJson } from '../output/json.ts';
import { renderTable } from '../output/table.ts';
import { painter, plural, printable, wrap } from '../output/text.ts';
import { readAtMost } from '../../agent/read-file.ts';
import { withAuditLog } from '../../agent/read-state.ts';
import type { SetStatus, CliEnvironment } from '../environment.ts';

const BROKEN = 6;
const MOST_CHECKPOINT_OCTETS = 65_536;

/** `everbind audit log|verify|prove|check-proof|checkpoint|key` */
export function registerAudit(program: Command, environment: CliEnvironment, setStatus: SetStatus): void {
  const group = program
    .command('audit')
    .description('read the tamper-evident log, verify it, prove an event')
    .addHelpText(
      'after',
      '\nExamples:\n  everbind audit log --subject shop\n  everbind audit verify\n  everbind audit prove 42 > proof.json',
    );
  const paint = painter(environment.io.colour);
  const print = (globals: Globals, json: unknown, text: string): void => {
    if (globals.json) sayJson(environment.io, json);
    else environment.io.out(text);
  };

  const log = withGlobals(group.command('log'))
    .description('what happened, oldest first')
    .option('--subject <name>', 'only events about this certificate or issuer')
    .option('--type <type>', 'only this type and those below it: order has order.created')
    .option('--since <date>', 'only from then on: 2026-11-01 or 2026-11-01T08:30Z (UTC)')
    .option('--limit <count>', 'the last so many of them', '50')
    .option('--all', 'every one of them')
    .addHelpText(
      'after',
      '\nExamples:\n  everbind audit log\n  everbind audit log --subject shop --all\n  everbind audit log --type verification --since 2026-11-01 --json',
    )
    .action(async () => {
      const globals = globalsOf(log, environment);
      const options = log.opts<{ subject?: string; type?: string; since?: string; limit: string; all?: boolean }>();
      const last = options.all === true ? -1 : wholeNumber(options.limit, '--limit');
      const { subject, type } = options;
      const texts = await withAuditLog(globals, (store) =>
        readEvents(store, {
          last,
          ...(subject === undefined ? {} : { subject }),
          ...(type === undefined ? {} : { type }),
          ...(options.since === undefined ? {} : { since: moment(options.since) }),
        }),
      );
      const events = texts.map((text) => decodeEvent(text));
      const known = events.filter((event) => event !== null);
      if (globals.json) {
        environment.io.out(
          `{"events":[${texts.filter((_, index) => events[index] !== null).join(',')}],"unreadable":${events.length - known.length}}\n`,
        );
        return;
      }
      const rows = known.map(({ seq, time, type: kind, subject: about, data }) => [
        String(seq),
        new Date(time).toISOString().slice(0, 19).replace('T', ' '),
        about,
        kind,
        JSON.stringify(data),
      ]);
      const columns = [
        { title: 'NO', fixed: true, align: 'right' as const },
        { title: 'TIME (UTC)', fixed: true },
        { title: 'SUBJECT' },
        { title: 'TYPE' },
        { title: 'DATA' },
      ];
      environment.io.out(
        rows.length === 0
          ? 'No such events.\n'
          : renderTable(columns, rows, { columns: environment.io.columns, paint }),
      );
      if (known.length < events.length) {
        environment.io.out(
          `${paint('red', `not in canonical form: ${plural(events.length - known.length, 'event')}`)}: run everbind audit verify\n`,
        );
      }
    });

  const verify = withGlobals(group.command('verify'))
    .description('find any changed, removed, inserted or reordered event, a cut tail, a forged checkpoint')
    .option('--checkpoint <file...>', 'checkpoints that were saved elsewhere: the log must continue them')
    .option('--key <key>', 'verifier key, or a file with it (default: the one noted in the state folder)')
    .addHelpText(
      'after',
      '\nExamples:\n  everbind audit verify\n  everbind audit verify --checkpoint everbind.checkpoint --key everbind.pub\n\nExit status: 0 the log is whole, 6 it is not.',
    )
    .action(async () => {
      const globals = globalsOf(verify, environment);
      const options = verify.opts<{ checkpoint?: string[]; key?: string }>();
      const saved = await Promise.all(
        (options.checkpoint ?? []).map(async (file) => ({
          label: file,
          note: await readBounded(file, MOST_CHECKPOINT_OCTETS),
        })),
      );
      const { report, verifier } = await withAuditLog(globals, async (store) => {
        const known = options.key === undefined ? await readPinnedKey(globals.stateDir) : await givenKey(options.key);
        return { verifier: known, report: verifyStoredLog(store, known, saved) };
      });
      setStatus(report.ok ? 0 : BROKEN);
      const lines = report.ok
        ? [
            `${paint('green', 'ok')}  ${plural(report.size, 'event')}`,
            `root       ${report.root ?? 'none'}`,
            `signed by  ${verifier.name}`,
          ]
        : [paint('red', `The log is not whole: ${plural(report.findings.length + report.more, 'finding')}`)];
      if (report.ok) lines.push(...report.confirmed.map((label) => `continues  ${printable(label)}`));
      for (const { code, message } of report.findings) {
        lines.push(
          paint('red', code),
          ...wrap(printable(message), environment.io.columns - 2).map((line) => `  ${line}`),
        );
      }
      if (report.more > 0) lines.push(`and ${report.more} more`);
      print(globals, report, `${lines.join('\n')}\n`);
    });

  const prove = withGlobals(group.command('prove <number>'))
    .description('a proof that an event is in the log, which can be checked without the log (JSON)')
    .option('--tlog', 'in the form of C2SP tlog-proof, which other tools read, instead of JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  everbind audit prove 42 > proof.json\n  everbind audit check-proof proof.json --key everbind.pub',
    )
    .action(async (number: string) => {
      const globals = globalsOf(prove, environment);
      const index = wholeNumber(number, 'the number of the event');
      const proof = await withAuditLog(globals, async (store) =>
        proveEvent(store, index, await readPinnedKey(globals.stateDir)),
      );
      if (prove.opts<{ tlog?: boolean }>().tlog === true) environment.io.out(tlogProof(proof));
      else sayJson(environment.io, proof, globals.json ? 0 : 2);
    });

  const check = withGlobals(group.command('check-proof <file>'))
    .description('check a proof; needs no state folder')
    .option('--key <key>', "the log's verifier key as you know it, or a file with it")
    .option('--after <file>', 'the proof of audit checkpoint --after, against the checkpoint that was saved')
    .addHelpText(
      'after',
      '\nExamples:\n  everbind audit check-proof proof.json --key everbind.pub\n  everbind audit check-proof growth.proof --after saved.checkpoint\n\nWithout --key the proof shows only that the owner of the key inside it made it.\nExit status: 0 it holds, 6 it does not.',
    )
    .action(async (file: string) => {
      const globals = globalsOf(check, environment);
      const options = check.opts<{ key?: string; after?: string }>();
      const known = options.key === undefined ? null : await givenKey(options.key);
      const proof = (await readBounded(file, MOST_PROOF_OCTETS)).toString('utf8');
      if (options.after !== undefined) {
        if (known === null) throw new EverbindError('CLI_USAGE', '--after needs --key');
        const saved = await readBounded(options.after, MOST_CHECKPOINT_OCTETS);
        const { size, root } = checkContinuation(proof, saved, known);
        const said = `${paint('green', 'holds')}  the log of ${plural(size, 'event')} continues the saved one\n`;
        print(globals, { ok: true, size, root: root.toString('base64'), verifier: verifierText(known) }, said);
        return;
      }
      const checked = checkProof(parseProof(proof), known);
      const { event, checkpoint, verifier, keyGiven } = checked;
      const text = [
        `${paint('green', 'holds')}  event ${event.seq} of ${checkpoint.size}, ${new Date(event.time).toISOString()}`,
        ...wrap(printable(`${event.type} ${event.subject} ${JSON.stringify(event.data)}`), environment.io.columns),
        ...wrap(
          `signed by ${verifier}${keyGiven ? '' : ', the key in the proof itself: compare it with the one you know'}`,
          environment.io.columns,
        ),
      ].join('\n');
      print(
        globals,
        { ok: true, event, size: checkpoint.size, root: checkpoint.root.toString('base64'), verifier, keyGiven },
        `${text}\n`,
      );
    });

  const checkpoint = withGlobals(group.command('checkpoint'))
    .description('the newest signed checkpoint, to be kept elsewhere (C2SP tlog-checkpoint)')
    .option('--after <file>', 'with a proof that it continues the checkpoint in the file (C2SP tlog-witness)')
    .addHelpText(
      'after',
      '\nExamples:\n  everbind audit checkpoint > everbind.checkpoint\n  everbind audit checkpoint --after saved.checkpoint > growth.proof',
    )
    .action(async () => {
      const globals = globalsOf(checkpoint, environment);
      const { after } = checkpoint.opts<{ after?: string }>();
      if (after !== undefined) {
        const saved = await readBounded(after, MOST_CHECKPOINT_OCTETS);
        const proof = await withAuditLog(globals, async (store) =>
          proveContinuation(store, saved, await readPinnedKey(globals.stateDir)),
        );
        print(globals, { proof }, proof);
        return;
      }
      const note = await withAuditLog(globals, newestCheckpoint);
      if (note === null) throw new EverbindError('AUDIT_NO_SUCH_EVENT', 'the audit log is empty');
      print(globals, { checkpoint: note }, note);
    });

  const key = withGlobals(group.command('key'))
    .description("the log's verifier key, for auditors (C2SP signed-note)")
    .addHelpText('after', '\nExamples:\n  everbind audit key > everbind.pub')
    .action(async () => {
      const globals = globalsOf(key, environment);
      const text = verifierText(await readPinnedKey(globals.stateDir));
      print(globals, { key: text }, `${text}\n`);
    });
}

function wholeNumber(text: string, what: string): number {
  if (!/^[0-9]{1,15}$/.test(text)) throw new EverbindError('CLI_USAGE', `${what} must be a whole number`);
  return Number(text);
}

/** Milliseconds since 1970 of a date, or of a date with a time, in UTC. */
function moment(text: string): number {
  const match = /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d)(:\d\d(?:\.\d{1,3})?)?Z)?$/.exec(text);
  const [, date = '', minute = '00:00', second = ':00'] = match ?? [];
  const ms = Date.parse(`${date}T${minute}${second}Z`);
  // The 30th of February is no date, though some parsers take it for the 2nd of March.
  if (Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== date) {
    throw new EverbindError('CLI_USAGE', '--since must be a date such as 2026-11-01 or 2026-11-01T08:30Z');
  }
  return ms;
}

async function readBounded(file: string, most: number): Promise<Buffer> {
  const octets = await readAtMost(file, most).catch((error: NodeJS.ErrnoException) => {
    throw new EverbindError('CLI_USAGE', `${file}: ${error.code ?? 'unreadable'}`, { file }, { cause: error });
  });
  if (octets === null) throw new EverbindError('CLI_USAGE', `${file} is larger than ${most} octets`, { file });
  return octets;
}
