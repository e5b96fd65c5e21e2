import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { WindowsHost } from '../../src/ports/windows-host.ts';
import { printable, wrap } from '../../src/cli/output/text.ts';
import { systemClock, systemRandom } from '../../src/net/system.ts';
import type { AnsweredQuestion, KoffiFacts } from '../../src/selftest/result-file.ts';
import { tlsProbe } from '../../src/verify/tls-probe.ts';
import type { Native } from '../../src/windows/ffi/native.ts';
import { writeEvents, writeState } from './logs.ts';
import { createNameHider } from './name-hider.ts';
import { judgeFile, type Observed } from './observer/judge.ts';
import { questions } from './questions.ts';
import { millisecondsSince } from './recording-host.ts';
import { type FirstRun, runFirstRun } from './run.ts';
import { SABOTAGES, type Sabotage, spoil } from './sabotage.ts';
import { systemTools } from './tools.ts';

const DEFAULT_OUT = 'everbind-first-run.json';
const help = `node lab/first-run/main.ts [--out FILE] [--logs FOLDER] [--with-names] [--only IDS] [--json]

Asks a Windows server the questions that only a real one can answer (docs/windows-first-run.md), and writes what it saw
into one file. Needs Windows Server 2016 or later with IIS, in a process of an administrator or SYSTEM; no network.
Everything that it makes is removed again.

  --out FILE       the result file (default: ${DEFAULT_OUT})
  --logs FOLDER    also what netsh, certutil, appcmd and the event logs show; these have names of sites
  --with-names     names in the result file instead of hashes
  --only IDS       ask these questions only, as 12,13; the others are skipped
  --json           print the last line only
  --double         ask the double of Windows instead, to test this script; says nothing about Windows
  --sabotage NAME  with --double: do something wrong, which must be seen. NAME is one of
                   ${wrap(Object.keys(SABOTAGES).join(', '), 80).join(`\n${' '.repeat(19)}`)}

The last line is one JSON object. Exit status: 0 the run is sound and left nothing, whatever it saw; 1 it is not;
2 wrong usage.
`;

interface Options {
  readonly out: string;
  readonly logs: string | null;
  readonly withNames: boolean;
  /** null: all. */
  readonly only: ReadonlySet<number> | null;
  readonly json: boolean;
  readonly double: boolean;
  readonly sabotage: Sabotage | null;
}

/** Throws a TypeError that says what is wrong with the arguments. */
function optionsOf(args: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      out: { type: 'string', default: DEFAULT_OUT },
      logs: { type: 'string' },
      'with-names': { type: 'boolean', default: false },
      only: { type: 'string' },
      json: { type: 'boolean', default: false },
      double: { type: 'boolean', default: false },
      sabotage: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  const { sabotage, double, logs } = values;
  if (sabotage !== undefined && !double) throw new TypeError('--sabotage works with --double only');
  if (sabotage !== undefined && !Object.hasOwn(SABOTAGES, sabotage)) throw new TypeError(`no sabotage is ${sabotage}`);
  if (logs !== undefined && double) throw new TypeError('the double has no logs: leave --logs out');
  const only = values.only?.split(',').map(Number) ?? null;
  const known = (id: number): boolean => questions.some((question) => question.id === id);
  if (only?.every(known) === false) throw new TypeError(`--only takes numbers from 1 to ${questions.length}`);
  return {
    out: values.out,
    only: only === null ? null : new Set(only),
    logs: logs ?? null,
    withNames: values['with-names'],
    json: values.json,
    double,
    sabotage: (sabotage as Sabotage | undefined) ?? null,
  };
}

async function main(args: readonly string[]): Promise<number> {
  let options: Options | 'help';
  try {
    options = optionsOf(args);
  } catch (error) {
    process.stderr.write(
      `error: ${error instanceof Error ? error.message : 'wrong usage'}\n(--help shows the usage)\n`,
    );
    return 2;
  }
  if (options === 'help') {
    process.stdout.write(help);
    return 0;
  }
  const problems = await (options.double ? onDouble(options) : onWindows(options));
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  return problems.length === 0 ? 0 : 1;
}

async function onDouble(options: Options): Promise<readonly string[]> {
  // Only here: a server has no use for it.
  const { startObservedDouble } = await import('./observer/double.ts');
  const double = await startObservedDouble();
  try {
    const before = await double.snapshot();
    const observed = async (): Promise<Observed> => ({
      journal: double.journal,
      secrets: options.withNames ? [] : double.secrets,
      before,
      after: await double.snapshot(),
    });
    return await carryOut(
      options,
      { kind: 'double', host: double.host, native: null, koffi: null, tools: null },
      observed,
    );
  } finally {
    await double.stop();
  }
}

async function onWindows(options: Options): Promise<readonly string[]> {
  if (process.platform !== 'win32') {
    return ['this is not Windows; --double asks a double of Windows instead'];
  }
  const { host, native, koffi } = await openWindows();
  const elevated = await host.describe().then(
    (description) => description.elevated,
    () => true,
  );
  if (!elevated) return ['this process is not elevated: run it as administrator or SYSTEM'];
  const tools = systemTools(native?.ffi.systemFolder ?? 'C:\\Windows\\System32');
  const startedAt = new Date().toISOString();
  if (options.logs !== null) await writeState(tools, join(options.logs, 'before'));
  const kind = isWine(native) ? 'wine' : 'windows';
  const problems = await carryOut(options, { kind, host, native, koffi, tools }, async () => null);
  if (options.logs !== null) {
    await writeState(tools, join(options.logs, 'after'));
    await writeEvents(tools, join(options.logs, 'events'), startedAt);
  }
  return problems;
}

async function openWindows(): Promise<{ host: WindowsHost; native: Native | null; koffi: KoffiFacts }> {
  const began = performance.now();
  const version = await koffiVersion();
  try {
    const { loadNative } = await import('../../src/windows/ffi/native.ts');
    const { createWindowsHost } = await import('../../src/windows/host.ts');
    const native = await loadNative();
    native.kernel32.GetLastError();
    const loadMs = millisecondsSince(began);
    return { host: await createWindowsHost(), native, koffi: { version, loaded: true, loadMs, error: null } };
  } catch (error) {
    const { hostFromCalls } = await import('../sim-windows/host-calls.ts');
    const fail = (): Promise<never> => Promise.reject(error);
    // Folders may have the names of people.
    const message = error instanceof Error ? error.message.slice(0, 500) : 'thrown';
    const text = message.replaceAll(/[A-Za-z]:\\(?:[^\\:"'<>|]*\\)*/g, '');
    return {
      host: hostFromCalls(fail, fail),
      native: null,
      koffi: { version, loaded: false, loadMs: null, error: text },
    };
  }
}

async function koffiVersion(): Promise<string | null> {
  try {
    const url = new URL('../../node_modules/koffi/package.json', import.meta.url);
    return (JSON.parse(await readFile(url, 'utf8')) as { readonly version: string }).version;
  } catch {
    return null;
  }
}

/** Wine's ntdll says so. */
function isWine(native: Native | null): boolean {
  if (native === null) return false;
  return native.ffi.open('ntdll').optional('void *__stdcall wine_get_version()') !== null;
}

async function carryOut(
  { out, withNames, only, json, sabotage }: Options,
  machine: Pick<FirstRun, 'kind' | 'host' | 'native' | 'koffi' | 'tools'>,
  observed: () => Promise<Observed | null>,
): Promise<readonly string[]> {
  const onAnswer = (answer: AnsweredQuestion): void => {
    if (!json && only?.has(answer.id) !== false) process.stdout.write(answerText(answer));
  };
  const whole = await runFirstRun({
    ...machine,
    probe: tlsProbe,
    clock: systemClock,
    random: systemRandom,
    names: createNameHider(withNames),
    sabotage,
    only,
    onAnswer,
  });
  const file = spoil(whole, sabotage, 'Contoso Webshop');
  await writeFile(out, `${JSON.stringify(file, null, 1)}\n`);
  const problems = judgeFile(await readFile(out), await observed());
  const { yes, no, other, skipped } = file.summary;
  const { leftovers } = file;
  if (!json) process.stdout.write(`\nThe answers are in ${out}. To read them: node tools/first-run.ts ${out}\n`);
  const line = { questions: file.questions.length, yes, no, other, skipped, leftovers: leftovers.length };
  process.stdout.write(`${JSON.stringify({ ...line, ok: problems.length === 0 })}\n`);
  return problems;
}

/** The question, its answer, and what was seen, in lines of at most 100 columns. */
function answerText({ id, question, verdict, observed, ms }: AnsweredQuestion): string {
  const indented = (text: string): string =>
    wrap(printable(text), 86)
      .map((line) => `${' '.repeat(14)}${line}\n`)
      .join('');
  const [first = '', ...rest] = indented(question).trimStart().split('\n');
  const head = `${String(id).padStart(3)}  ${verdict.padEnd(7)}  ${first}\n${rest.join('\n')}`;
  return `${head}${indented(`${observed} (${Math.round(ms)} ms)`)}`;
}

// The run removes what it made even when nobody reads its output any more.
process.stdout.on('error', () => {});
process.exitCode = await main(process.argv.slice(2));
// A question that never ended may hold something open.
setTimeout(() => process.exit(), 5_000).unref();
