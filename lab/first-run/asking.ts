import type { WindowsError } from '../../src/errors/error.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Random } from '../../src/ports/random.ts';
import type { WindowsHost } from '../../src/ports/windows-host.ts';
import type {
  AppcmdRun,
  HttpSysFacts,
  ProviderFacts,
  RawCall,
  SeenHandshake,
  Verdict,
} from '../../src/selftest/result-file.ts';
import type { Probe } from '../../src/verify/probe.ts';
import type { Native } from '../../src/windows/ffi/native.ts';
import type { Tools } from './tools.ts';

/** What a question may use. Every call that is made through it stands in the file. */
export interface Asking {
  readonly host: WindowsHost;
  /** The libraries of Windows; null for a double. */
  readonly native: Native | null;
  /** Programs of Windows; null where there are none. */
  readonly tools: Tools | null;
  readonly probe: Probe;
  readonly clock: Clock;
  readonly random: Random;
  /** Makes a call that returns a status, and notes it under this name. */
  call(name: string, work: () => number | Promise<number>): Promise<number>;
  /** A port that nothing uses; another one each time. */
  port(): Promise<number>;
  /**
   * Work that is done when the question has been answered, the last first. A failure there is found by the reading at
   * the end.
   */
  onEnd(work: () => Promise<unknown>): void;
  note(fact: Noted): void;
}

export type Noted =
  | { readonly kind: 'handshake'; readonly handshake: SeenHandshake }
  | { readonly kind: 'appcmd'; readonly run: AppcmdRun }
  | { readonly kind: 'provider'; readonly provider: ProviderFacts }
  | { readonly kind: 'ids'; readonly ids: NonNullable<HttpSysFacts['ids']> };

export interface Answer {
  readonly verdict: Exclude<Verdict, 'skipped'>;
  /** Made of statuses, numbers and our own names alone: never of a text that came from the machine. */
  readonly observed: string;
  readonly octetsHex?: string;
}

/** Asks one question. Throws Skip when it cannot be asked here. */
export type Ask = (asking: Asking) => Promise<Answer>;

/** The question cannot be asked here. */
export class Skip extends Error {
  /** `reason` continues "needs …". */
  constructor(reason: string) {
    super(`needs ${reason}`);
    this.name = 'Skip';
  }
}

export function nativeOf({ native }: Asking): Native {
  if (native === null) throw new Skip('the native calls of Windows');
  return native;
}

export function toolsOf({ tools }: Asking): Tools {
  if (tools === null) throw new Skip('the programs of Windows');
  return tools;
}

/** 0, or the status of the WindowsError with which it failed. Any other failure is thrown. */
export async function statusOf(work: Promise<unknown>): Promise<number> {
  try {
    await work;
    return 0;
  } catch (error) {
    const { status } = error as Partial<WindowsError>;
    if (typeof status !== 'number') throw error;
    return status;
  }
}

/** `5`, or `0x80090016` for what is no Win32 code. */
export function statusText(status: number): string {
  return status > 0xffff ? `0x${status.toString(16)}` : String(status);
}

/** `yes` when everything is as expected, `no` when nothing is, else `other`. The failed ones stand first. */
export function judge(parts: readonly (readonly [ok: boolean, text: string])[]): Answer {
  const failed = parts.filter(([ok]) => !ok);
  const verdict = failed.length === 0 ? 'yes' : failed.length === parts.length ? 'no' : 'other';
  const unexpected = failed.map(([, text]) => `NOT AS EXPECTED: ${text}`);
  return { verdict, observed: [...unexpected, ...parts.filter(([ok]) => ok).map(([, text]) => text)].join('; ') };
}

/** As `judge`, but whatever is not as expected makes it `no`: the code cannot do without any of it. */
export function judgeAll(parts: Parameters<typeof judge>[0]): Answer {
  const answer = judge(parts);
  return answer.verdict === 'other' ? { ...answer, verdict: 'no' } : answer;
}

/** A call for which a record of raw calls is made. */
export type NoteCall = (call: RawCall) => void;
