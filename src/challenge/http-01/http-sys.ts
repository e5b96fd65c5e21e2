import { WindowsError } from '../../errors/error.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Solver } from '../../ports/solver.ts';
import type { HttpServer } from '../../ports/windows-host.ts';
import { cleanUpFailed, errorText, type FailureReason, presentFailed } from '../challenge-failure.ts';
import { createKeyedMutex } from '../../concurrency/keyed-mutex.ts';
import type { SelfCheck } from './self-check.ts';
import { CHALLENGE_PATH, checkedToken, tokenOfPath } from '../token.ts';

export interface HttpSysOptions {
  readonly httpServer: HttpServer;
  /** Port of this machine that receives what the CA sends to port 80. */
  readonly port: number;
  readonly selfCheck: SelfCheck;
  readonly clock: Clock;
}

const TAKEN = 183;
/** Milliseconds before each further attempt to register a prefix that is taken: two seconds in all. */
const TAKEN_WAITS: readonly number[] = [50, 100, 250, 600, 1_000];

/**
 * Why http.sys refuses the prefix, as `details.reason` of CHALLENGE_PRESENT_FAILED. Microsoft documents 5, 87 and 183
 * for HttpAddUrlToUrlGroup; 32 was seen in the field. Any other status is `http-sys-failed`.
 */
const refusals: ReadonlyMap<number, readonly [reason: FailureReason, text: string]> = new Map([
  [TAKEN, ['http-sys-taken', 'another program, perhaps another ACME client, has registered the same URL prefix']],
  [
    5,
    [
      'http-sys-denied',
      'this process may not register it: run Everbind elevated, or remove the reservation of another account (netsh http show urlacl)',
    ],
  ],
  [32, ['http-sys-port-foreign', 'a program beside http.sys owns the port']],
]);

/**
 * http-01 by a URL prefix of http.sys beside IIS on the same port, registered with the first challenge response and
 * removed with the last. It outranks the bindings of all sites for this one path and changes none of them. A kill ends
 * the registration, so `cleanUp` then has nothing to do.
 */
export function createHttpSysSolver({ httpServer, port, selfCheck, clock }: HttpSysOptions): Solver {
  const responses = new Map<string, string>();
  const inTurn = createKeyedMutex();
  const prefix = `http://+:${port}${CHALLENGE_PATH}`;
  let stop: (() => Promise<void>) | null = null;

  // A registration that has just ended, of an earlier response or of a process that was killed, may still be in the
  // way.
  const register = async (signal: AbortSignal | undefined): Promise<() => Promise<void>> => {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await httpServer.serve(prefix, ({ path }) => responses.get(tokenOfPath(path) ?? '') ?? null);
      } catch (error) {
        const wait = TAKEN_WAITS[attempt];
        if (!(error instanceof WindowsError) || error.status !== TAKEN || wait === undefined) throw error;
        await clock.sleep(wait, signal);
      }
    }
  };

  return {
    type: 'http-01',

    present: (task, signal) =>
      inTurn('', async () => {
        const token = checkedToken(task.token);
        signal?.throwIfAborted();
        try {
          stop ??= await register(signal);
        } catch (error) {
          if (!(error instanceof WindowsError)) throw error;
          const [reason, text] = refusals.get(error.status) ?? ['http-sys-failed', errorText(error)];
          const message = `http.sys refuses ${prefix} with status ${error.status}: ${text}`;
          throw presentFailed(task, reason, message, { port }, error);
        }
        responses.set(token, task.keyAuthorization);
      }),

    wait: async (task, signal) => {
      await selfCheck(task, { signal });
    },

    cleanUp: (task) =>
      inTurn('', async () => {
        responses.delete(task.token);
        if (responses.size > 0 || stop === null) return;
        try {
          await stop();
          stop = null;
        } catch (error) {
          const message = `the URL prefix ${prefix} could not be removed: ${errorText(error)}`;
          throw cleanUpFailed(task, 'http-sys-failed', message, { port }, error);
        }
      }),
  };
}
