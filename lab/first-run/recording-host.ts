import type { WindowsError } from '../../src/errors/error.ts';
import type { AppcmdResult, WindowsHost } from '../../src/ports/windows-host.ts';
import { callHost, hostFromCalls } from '../sim-windows/host-calls.ts';
import type { NoteCall } from './asking.ts';

/** The host, each call of which is noted with its status and duration. `pretend`: calls that are noted and not made. */
export function recordingHost(
  host: WindowsHost,
  note: NoteCall,
  pretend: (name: string) => boolean = () => false,
): WindowsHost {
  const around = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const began = performance.now();
    const ended = (status: number | null): void => note({ name, status, ms: millisecondsSince(began) });
    try {
      if (pretend(name)) {
        ended(0);
        return undefined as T;
      }
      const result = await work();
      ended(name === 'appcmd' ? (result as AppcmdResult).exitCode : 0);
      return result;
    } catch (error) {
      ended((error as Partial<WindowsError>).status ?? null);
      throw error;
    }
  };
  return hostFromCalls(
    (name, parameters) => around(name, () => callHost(host, name, parameters)),
    (prefix, respond) => around('httpServer.serve', () => host.httpServer.serve(prefix, respond)),
  );
}

/** To the tenth of a millisecond. */
export function millisecondsSince(began: number): number {
  return Math.round((performance.now() - began) * 10) / 10;
}
