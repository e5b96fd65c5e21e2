import { WindowsError } from '../errors/error.ts';
import type { Clock } from '../ports/clock.ts';
import type { AppcmdResult, WindowsHost } from '../ports/windows-host.ts';
import type { AppcmdRun, RawCall } from './result-file.ts';

/** A host whose calls are written down. */
export interface RecordedHost {
  readonly host: WindowsHost;
  /** The calls since it was last asked, the first of them. */
  takeCalls(): readonly RawCall[];
  /** The commands of the whole run, the first of them; without output, which would name sites of this server. */
  readonly appcmd: readonly AppcmdRun[];
}

type Call = (...parameters: readonly unknown[]) => Promise<unknown>;

// Nothing that is waited for in vain may fill the result file.
const MOST_CALLS = 100;
const MOST_COMMANDS = 300;

export function recordHost(host: WindowsHost, clock: Clock): RecordedHost {
  let calls: RawCall[] = [];
  const appcmd: AppcmdRun[] = [];
  const note = (name: string, parameters: readonly unknown[], status: number | null, ms: number): void => {
    if (calls.length < MOST_CALLS) calls.push({ name, status, ms });
    if (name !== 'appcmd' || appcmd.length >= MOST_COMMANDS) return;
    appcmd.push({ args: parameters[0] as readonly string[], exitCode: status, stdoutHex: null, ms });
  };
  const recorded =
    (name: string, call: Call): Call =>
    async (...parameters) => {
      const began = clock.now();
      let status: number | null = null;
      try {
        const result = await call(...parameters);
        status = name === 'appcmd' ? (result as AppcmdResult).exitCode : 0;
        return result;
      } catch (error) {
        if (error instanceof WindowsError) ({ status } = error);
        throw error;
      } finally {
        note(name, parameters, status, clock.now() - began);
      }
    };
  return {
    host: recordedGroup(host, '', recorded),
    takeCalls: () => {
      const taken = calls;
      calls = [];
      return taken;
    },
    appcmd,
  };
}

/** The port consists of methods and of groups of methods; each method returns a promise. */
function recordedGroup<T extends object>(group: T, prefix: string, recorded: (name: string, call: Call) => Call): T {
  const entries = Object.entries(group).map(([name, member]: [string, unknown]): [string, unknown] =>
    typeof member === 'function'
      ? [name, recorded(prefix + name, (...parameters) => Reflect.apply(member, group, parameters) as Promise<unknown>)]
      : [name, recordedGroup(member as object, `${prefix}${name}.`, recorded)],
  );
  return Object.fromEntries(entries) as T;
}
