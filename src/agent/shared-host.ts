import type { WindowsHost } from '../ports/windows-host.ts';
import type { OpenHost, Environment } from './environment.ts';
import { type Fence, fenceHost } from './fence.ts';

/** The web server's host for everything that one command does: connected once, when it is first needed. */
export interface SharedHost {
  /** Throws WIN_NOT_WINDOWS where there is none; the next call tries again. */
  open(): Promise<WindowsHost>;
  close(): Promise<void>;
}

/** `fence`: see fenceHost. */
export function shareHost(environment: Pick<Environment, 'openHost'>, fence: Fence): SharedHost {
  let opened: Promise<OpenHost> | null = null;
  const connect = async (): Promise<OpenHost> => {
    const open = await environment.openHost();
    return { host: fenceHost(open.host, fence), close: () => open.close() };
  };
  return {
    open: async () => {
      opened ??= connect().catch((error: unknown) => {
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
