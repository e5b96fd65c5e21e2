import type { WindowsHost } from '../ports/windows-host.ts';
import type { OpenHost, Environment } from './environment.ts';

/** The web server's host for everything that one command does: connected once, when it is first needed. */
export interface SharedHost {
  /** Throws WIN_NOT_WINDOWS where there is none; the next call tries again. */
  open(): Promise<WindowsHost>;
  close(): Promise<void>;
}

export function shareHost(environment: Pick<Environment, 'openHost'>): SharedHost {
  let opened: Promise<OpenHost> | null = null;
  return {
    open: async () => {
      opened ??= environment.openHost().catch((error: unknown) => {
        opened = null;
        throw error;
      });
      return (await opened).host;
    },
    close: async () => {
      const open = await opened?.catch(() => null);
      await open?.close();
    },
  };
}
