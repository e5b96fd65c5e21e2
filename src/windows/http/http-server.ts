import { WindowsError } from '../../errors/error.ts';
import type { HttpServer } from '../../ports/windows-host.ts';
import type { Native } from '../ffi/native.ts';
import { runRequestLoop } from './request-loop.ts';
import { openRequestQueue } from './request-queue.ts';
import { STATUS } from '../status.ts';

type Answer = (request: { host: string; path: string }) => string | null | Promise<string | null>;

/** As the port has it; an answer may also come later. */
export interface NativeHttpServer extends HttpServer {
  serve(prefix: string, answer: Answer): Promise<() => Promise<void>>;
}

interface Running {
  register(prefix: string, answer: Answer): () => Promise<void>;
}

/**
 * HTTP Server API 2.0: http.sys shares the port with IIS. All registrations of this process have one queue, which is there as long as there is a
 * registration: closing one closes the port for the others too, under Wine.
 */
export function createHttpServer(native: Native): NativeHttpServer {
  let running: Running | null = null;
  return {
    serve: async (prefix, answer) => {
      if (!isPrefix(prefix)) throw new WindowsError('HttpAddUrlToUrlGroup', STATUS.INVALID_PARAMETER, { prefix });
      running ??= run(native, () => {
        running = null;
      });
      return running.register(prefix, answer);
    },
  };
}

// `scheme://host:port/path/`, as UrlPrefix strings must be.
function isPrefix(prefix: string): boolean {
  const match = /^https?:\/\/[^/:\s]+:([0-9]{1,5})\/(?:[^?#\s]*\/)?$/.exec(prefix);
  const port = Number(match?.[1] ?? 0);
  return port >= 1 && port <= 65535;
}

/** `ending` is called when the last registration goes, before anything is closed. */
function run(native: Native, ending: () => void): Running {
  const answers = new Map<bigint, Answer>();
  const queue = openRequestQueue(native);
  const stop = runRequestLoop(native, queue.handle, ({ context, host, path }) =>
    // A request may still be in the queue when its registration has ended.
    (answers.get(context) ?? (() => null))({ host, path }),
  );
  let last = 0n;

  const endIfUnused = async (): Promise<void> => {
    if (answers.size > 0) return;
    ending();
    await stop();
    queue.close();
  };

  return {
    register: (prefix, answer) => {
      last += 1n;
      const context = last;
      answers.set(context, answer);
      let unregister: () => void;
      try {
        unregister = queue.register(prefix, context);
      } catch (error) {
        answers.delete(context);
        void endIfUnused();
        throw error;
      }
      let ended: Promise<void> | null = null;
      const end = async (): Promise<void> => {
        unregister();
        answers.delete(context);
        await endIfUnused();
      };
      return () => {
        ended ??= end();
        return ended;
      };
    },
  };
}
