import { dns01Value } from '../acme/key-authorization.ts';
import type { Clock } from '../ports/clock.ts';
import type { ChallengeTask, Solver } from '../ports/solver.ts';
import { createTxtLookup, type TxtLookup, waitForTxt } from './dns-txt.ts';
import { cleanUpFailed, type FailureReason, presentFailed, unsupported } from './failure.ts';
import { createTurns } from './in-turn.ts';
import { runProgram, type ProgramEnd } from './run-program.ts';

export interface DnsExecOptions {
  /** Program and arguments; never empty. */
  readonly command: readonly string[];
  /** For one run of the program. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** The system's resolver unless told. */
  readonly lookup?: TxtLookup;
  /** How long `wait` looks for the record; 120 s unless told. */
  readonly propagationMs?: number;
  /** Runs work on one record name one after the other; pass the same one to solvers that write to the same zones. */
  readonly inTurn?: ReturnType<typeof createTurns>;
}

const MAX_OUTPUT = 65_536;

/**
 * dns-01 by a program of the operator: it gets one JSON object on standard input (docs/challenges.md) and its exit code decides. It must
 * bear repetition, and several values at one name: a name and its wildcard are proved at the same record.
 */
export function createDnsExecSolver(options: DnsExecOptions): Solver {
  const { command, timeoutMs, clock, lookup = createTxtLookup(), propagationMs = 120_000 } = options;
  const { inTurn = createTurns() } = options;
  const run = (task: ChallengeTask, action: 'present' | 'cleanup', signal?: AbortSignal): Promise<ProgramEnd> =>
    // Programs that read, change and write a record would lose the other's value.
    inTurn(recordName(task), () =>
      runProgram({ command, input: messageFor(task, action), timeoutMs, maxOutput: MAX_OUTPUT }, signal),
    );

  return {
    type: 'dns-01',

    present: async (task, signal) => {
      // RFC 8738 section 7.
      if (task.identifier.type === 'ip') throw unsupported(task, 'dns-01 cannot prove an IP address');
      const problem = problemOf(await run(task, 'present', signal), timeoutMs);
      if (problem !== null)
        throw presentFailed(task, problem.reason, `the DNS program ${problem.text}`, problem.details);
    },

    wait: (task, signal) =>
      waitForTxt(
        task,
        recordName(task),
        dns01Value(task.keyAuthorization),
        { lookup, clock, limitMs: propagationMs },
        signal,
      ),

    cleanUp: async (task) => {
      const problem = problemOf(await run(task, 'cleanup'), timeoutMs);
      if (problem === null) return;
      const details = { record: recordName(task), ...problem.details };
      throw cleanUpFailed(task, problem.reason, `the DNS program ${problem.text}`, details);
    },
  };
}

/** RFC 8555 section 8.4; the identifier of a wildcard's authorization has no `*.` (section 7.1.4). */
function recordName(task: Pick<ChallengeTask, 'identifier'>): string {
  return `_acme-challenge.${task.identifier.value}`;
}

function messageFor(task: ChallengeTask, action: 'present' | 'cleanup'): string {
  return `${JSON.stringify({
    version: 1,
    action,
    name: recordName(task),
    type: 'TXT',
    value: dns01Value(task.keyAuthorization),
    zoneHint: task.identifier.value,
    wildcard: task.wildcard,
  })}\n`;
}

interface Problem {
  readonly reason: FailureReason;
  readonly text: string;
  readonly details: Readonly<Record<string, string | number | null>>;
}

function problemOf(end: ProgramEnd, timeoutMs: number): Problem | null {
  switch (end.kind) {
    case 'exited': {
      if (end.exitCode === 0) return null;
      const how = end.exitCode === null ? 'was killed' : `ended with exit code ${end.exitCode}`;
      return {
        reason: 'program-failed',
        text: `${how}${said(end.lastWords)}`,
        details: { exitCode: end.exitCode },
      };
    }
    case 'timeout':
      return {
        reason: 'program-timeout',
        text: `did not end within ${timeoutMs / 1_000} s and was killed${said(end.lastWords)}`,
        details: { timeoutMs },
      };
    case 'output-too-large':
      return { reason: 'program-output', text: 'printed more than 64 KiB and was killed', details: {} };
    case 'not-started':
      return { reason: 'program-not-started', text: `cannot be started (${end.code})`, details: { code: end.code } };
  }
}

function said(lastWords: string): string {
  return lastWords === '' ? '' : `; it said: ${lastWords}`;
}
