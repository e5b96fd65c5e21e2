import { basename } from 'node:path';
import { EverbindError, errorCode } from '../../src/errors/error.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Random } from '../../src/ports/random.ts';
import type { WindowsHost } from '../../src/ports/windows-host.ts';
import {
  type AnsweredQuestion,
  type AppcmdRun,
  type HttpSysFacts,
  type KoffiFacts,
  type ProviderFacts,
  type RawCall,
  RESULT_SCHEMA,
  type ResultFile,
  type ResultSummary,
  type SeenHandshake,
} from '../../src/selftest/result-file.ts';
import { compareSnapshots, snapshotOf } from '../../src/selftest/snapshot.ts';
import type { Probe } from '../../src/verify/probe.ts';
import type { Native } from '../../src/windows/ffi/native.ts';
import { asks } from './asks/all.ts';
import { type Asking, type Noted, Skip } from './asking.ts';
import { findTraces, removeTraces, type Trace } from './clean-up.ts';
import { loggedEvents } from './events.ts';
import { machineFacts } from './facts.ts';
import type { NameHider } from './name-hider.ts';
import { makeAuthority, makeLeaf, newKey } from './certificates.ts';
import { hostOf, keyName, PREFIX, PROVIDERS } from './own-names.ts';
import { recordOf } from './place.ts';
import { createPorts } from './ports.ts';
import { type Question, questions } from './questions.ts';
import { millisecondsSince, recordingHost } from './recording-host.ts';
import type { Sabotage } from './sabotage.ts';
import type { Tools } from './tools.ts';

/** What a first run runs on. */
export interface FirstRun {
  readonly kind: ResultFile['host'];
  readonly host: WindowsHost;
  readonly native: Native | null;
  readonly koffi: KoffiFacts | null;
  readonly tools: Tools | null;
  readonly probe: Probe;
  readonly clock: Clock;
  readonly random: Random;
  readonly names: NameHider;
  readonly sabotage: Sabotage | null;
  /** The questions to ask; null: all. */
  readonly only: ReadonlySet<number> | null;
  /** Called when a question has been answered. */
  onAnswer(question: AnsweredQuestion): void;
}

const QUESTION_MS = 300_000;
const NOT_ASKED = { verdict: 'skipped', observed: 'needs to be asked for: --only named others' } as const;

/** Asks all questions, removes everything, looks what is left. Never throws for what the machine does. */
export async function runFirstRun(run: FirstRun): Promise<ResultFile> {
  const { host, clock, sabotage, names } = run;
  const startedAt = new Date(clock.now()).toISOString();
  // What an earlier run left would be in the way, and would count as ours.
  await removeTraces(host);
  const before = await snapshotOf(host, names.hide);
  const noted: Noted[] = [];
  const port = createPorts(host);
  const answered: AnsweredQuestion[] = [];
  for (const question of questions) {
    const answer = await answerTo(run, question, port, (fact) => noted.push(fact));
    answered.push(answer);
    run.onAnswer(answer);
  }
  await leaveSomething(run);
  await removeTraces(host, ({ kind }) => isKept(sabotage, kind));
  const facts = await machineFacts(run);
  const after = await snapshotOf(host, names.hide);
  const snapshots = compareSnapshots(before, after);
  const unseen: string[] = [];
  const traces = await findTraces(host, (what) => unseen.push(`${what}: could not be looked at`));
  return {
    schema: RESULT_SCHEMA,
    producedBy: 'first-run',
    host: run.kind,
    startedAt,
    endedAt: new Date(clock.now()).toISOString(),
    ...facts,
    httpSys: facts.httpSys === null ? null : withIds(facts.httpSys, ofKind(noted, 'ids')[0]?.ids ?? null),
    events: run.tools === null ? [] : await loggedEvents(run.tools, startedAt),
    node: {
      version: process.version,
      openssl: process.versions.openssl ?? '',
      exe: basename(process.execPath),
      signed: null,
    },
    koffi: run.koffi,
    providers: ofKind(noted, 'provider').map(({ provider }): ProviderFacts => provider),
    questions: answered,
    steps: [],
    handshakes: ofKind(noted, 'handshake').map(({ handshake }): SeenHandshake => handshake),
    appcmd: ofKind(noted, 'appcmd').map(({ run: one }): AppcmdRun => one),
    snapshots,
    leftovers: [...traces.map(({ text }) => text), ...unseen],
    summary: summarize(answered),
  };
}

function withIds(facts: HttpSysFacts, ids: HttpSysFacts['ids']): HttpSysFacts {
  const extended = ids?.filter(({ id }) => [8, 9, 10, 12].includes(id)) ?? [];
  return { ...facts, ids, exParams: ids === null ? null : extended.some(({ records }) => (records ?? 0) > 0) };
}

function ofKind<K extends Noted['kind']>(noted: readonly Noted[], kind: K): Extract<Noted, { kind: K }>[] {
  return noted.filter((fact): fact is Extract<Noted, { kind: K }> => fact.kind === kind);
}

async function answerTo(
  run: FirstRun,
  question: Question,
  port: () => Promise<number>,
  note: (fact: Noted) => void,
): Promise<AnsweredQuestion> {
  const began = performance.now();
  const calls: RawCall[] = [];
  const noteCall = (call: RawCall): void => {
    const forged = run.sabotage === 'forge-status' && call.name.startsWith('sslRecords.') ? 0 : call.status;
    calls.push({ ...call, status: forged });
  };
  const undone: (() => Promise<unknown>)[] = [];
  const asking: Asking = {
    host: recordingHost(run.host, noteCall, (name) => run.sabotage === 'skip-effect' && name === 'sslRecords.update'),
    native: run.native,
    tools: run.tools,
    probe: run.probe,
    clock: run.clock,
    random: run.random,
    call: async (name, work) => {
      const at = performance.now();
      const status = (await work()) >>> 0;
      noteCall({ name, status, ms: millisecondsSince(at) });
      return status;
    },
    port,
    onEnd: (work) => void undone.push(work),
    note,
  };
  const asked = run.only === null || run.only.has(question.id);
  const answer = asked ? await attempt(question, asking) : NOT_ASKED;
  for (const work of undone.reverse()) await work().catch(() => {});
  return {
    id: question.id,
    question: question.question,
    verdict: answer.verdict,
    observed: answer.observed,
    raw: { calls, octetsHex: 'octetsHex' in answer ? (answer.octetsHex ?? null) : null },
    expectedByCode: question.expected,
    file: question.file,
    ms: millisecondsSince(began),
  };
}

async function attempt(
  question: Question,
  asking: Asking,
): Promise<Pick<AnsweredQuestion, 'verdict' | 'observed'> & { readonly octetsHex?: string }> {
  const ask = asks[question.id];
  if (ask === undefined) throw new EverbindError('INTERNAL', `nobody asks question ${question.id}`);
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Skip(`an end: not answered in ${QUESTION_MS / 1000} s`)), QUESTION_MS);
  try {
    return await Promise.race([ask(asking), late]);
  } catch (error) {
    if (error instanceof Skip) return { verdict: 'skipped', observed: error.message };
    return { verdict: 'other', observed: `ended early: ${failureText(error)}` };
  } finally {
    clearTimeout(timer);
  }
}

/** Code, call and status. Messages may have names in them. */
function failureText(error: unknown): string {
  if (!(error instanceof EverbindError)) return error instanceof Error ? error.name : 'something was thrown';
  const { call, status } = error.details;
  return [errorCode(error), call, status].filter((part) => part !== undefined).join(' ');
}

function summarize(answered: readonly AnsweredQuestion[]): ResultSummary {
  const count = (wanted: AnsweredQuestion['verdict']): number =>
    answered.filter(({ verdict }) => verdict === wanted).length;
  const relied = new Set(questions.filter(({ relies }) => relies).map(({ id }) => id));
  return {
    yes: count('yes'),
    no: count('no'),
    other: count('other'),
    skipped: count('skipped'),
    blocking: answered
      .filter(({ id, verdict }) => relied.has(id) && (verdict === 'no' || verdict === 'other'))
      .map(({ id }) => `Q${id}`),
  };
}

function isKept(sabotage: Sabotage | null, kind: Trace['kind']): boolean {
  if (sabotage === 'leave-key') return kind === 'key';
  // A record without its certificate would be another thing.
  return (sabotage === 'leave-record' || sabotage === 'hide-leftover') && kind !== 'key';
}

async function leaveSomething({ host, random, clock, sabotage }: FirstRun): Promise<void> {
  if (sabotage === 'leave-key') await host.keys.create(keyName(PROVIDERS.software, 0), 'ec-p256');
  if (sabotage !== 'leave-record' && sabotage !== 'hide-leftover') return;
  const pair = newKey('ec-p256');
  const authority = makeAuthority(random, clock.now(), 'CA');
  const leaf = makeLeaf(random, clock.now(), authority, { hosts: [hostOf('left')], publicKey: pair.publicKey });
  await host.certificates.importWithKey('MY', leaf.der, pair.key.export({ type: 'pkcs8', format: 'der' }), PREFIX);
  const record = recordOf({ kind: 'hostnameport', host: hostOf('left'), port: 443 }, { ...leaf, store: 'MY' });
  await host.sslRecords.set(record);
}
