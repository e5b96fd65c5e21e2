import { createHostPace } from '../../cloud/host-pace.ts';
import { zoneCandidates } from '../../dns/provider-kit/zones.ts';
import { type ProgramEnd, runProgram } from '../../dns/run-program.ts';
import type { Clock } from '../../ports/clock.ts';
import type { DnsProvider, TxtRecord } from '../../ports/dns-provider.ts';
import { cleanUpFailed, type FailureReason, presentFailed } from '../challenge-failure.ts';

export interface DnsExecOptions {
  /** Program and arguments; never empty. */
  readonly command: readonly string[];
  /** For one run of the program. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** Runs it; runProgram when absent. */
  readonly run?: typeof runProgram;
}

/** EX_TEMPFAIL of sysexits.h: the host takes no more changes for now, and the program has changed nothing. */
const TRY_AGAIN = 75;

const MAX_OUTPUT = 65_536;

/**
 * TXT records written by a program of the operator. It gets one JSON object on standard input (docs/challenges.md) and
 * its exit code decides. It must be safe to repeat and keep several values at one name, since a name and its wildcard
 * are validated by the same record.
 */
export function createExecProvider({
  command,
  timeoutMs,
  clock,
  run: start = runProgram,
}: DnsExecOptions): DnsProvider {
  const pace = createHostPace(clock, ({ facts }) => facts.reason === 'program-busy');
  const run = async (record: TxtRecord, action: 'present' | 'cleanup', signal?: AbortSignal): Promise<void> => {
    const input = messageFor(record, action);
    const problem = problemOf(await start({ command, input, timeoutMs, maxOutput: MAX_OUTPUT }, signal), timeoutMs);
    if (problem === null) return;
    const text = `the DNS program ${problem.text}`;
    if (action === 'present') throw presentFailed(taskOf(record), problem.reason, text, problem.details);
    throw cleanUpFailed(taskOf(record), problem.reason, text, { record: record.name, ...problem.details });
  };

  return {
    present: (record, signal) => pace.run(() => run(record, 'present', signal), signal),
    cleanUp: (record, signal) => pace.run(() => run(record, 'cleanup', signal), signal),

    // Only the program knows the zone.
    findZone: async (name) => {
      return zoneCandidates(name).at(-1) ?? name;
    },
  };
}

function taskOf({ name, challenge }: TxtRecord): { readonly identifier: { type: 'dns'; value: string } } {
  return { identifier: { type: 'dns', value: challenge?.domain ?? name } };
}

function messageFor({ name, value, challenge }: TxtRecord, action: 'present' | 'cleanup'): string {
  const delegated = challenge === undefined || !name.endsWith(`_acme-challenge.${challenge.domain}`);
  return `${JSON.stringify({
    version: 1,
    action,
    name,
    type: 'TXT',
    value,
    zoneHint: delegated ? name : challenge.domain,
    wildcard: challenge?.wildcard ?? false,
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
        reason: end.exitCode === TRY_AGAIN ? 'program-busy' : 'program-failed',
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
