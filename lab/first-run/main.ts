import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { WindowsHost } from '../../src/ports/windows-host.ts';
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
import { systemTools, type Tools } from './tools.ts';

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
  --sabotage NAME  with --double: do something wrong, which must be seen: ${Object.keys(SABOTAGES).join(', ')}

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

function optionsOf(args: readonly string[]): Options | null {
  try {
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
      },
    });
    const { sabotage, double } = values;
    if (sabotage !== undefined && (!double || !Object.hasOwn(SABOTAGES, sabotage))) return null;
    const only = values.only?.split(',').map(Number) ?? null;
    if (only?.every((id) => questions.some((question) => question.id === id)) === false) return null;
    return {
      out: values.out,
      only: only === null ? null : new Set(only),
      logs: values.logs ?? null,
      withNames: values['with-names'],
      json: values.json,
      double,
      sabotage: (sabotage as Sabotage | undefined) ?? null,
    };
  } catch {
    return null;
  }
}

async function main(args: readonly string[]): Promise<number> {
  const options = optionsOf(args);
  if (options === null) {
    process.stderr.write(help);
    return 2;
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
    process.stderr.write(help);
    return ['this is not Windows; --double asks the double of it'];
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
  machine: Pick<FirstRun, 'kind' | 'host' | 'native' | 'koffi' | 'tools'> & { readonly tools: Tools | null },
  observed: () => Promise<Observed | null>,
): Promise<readonly string[]> {
  const onAnswer = ({ id, verdict, observed: seen, ms }: AnsweredQuestion): void => {
    if (!json) process.stdout.write(`${String(id).padStart(2)}  ${verdict.padEnd(7)}  ${Math.round(ms)} ms  ${seen}\n`);
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
  const line = { questions: file.questions.length, yes, no, other, skipped, leftovers: leftovers.length };
  process.stdout.write(`${JSON.stringify({ ...line, ok: problems.length === 0 })}\n`);
  return problems;
}

process.exitCode = await main(process.argv.slice(2));
// A question that never ended may hold something open.
setTimeout(() => process.exit(), 5_000).unref();
