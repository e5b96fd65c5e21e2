import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WindowsHost } from '../../src/ports/windows-host.ts';
import { hostFromCalls } from '../sim-windows/host-calls.ts';
import { openChannel } from '../sim-windows/rpc-channel.ts';

/** The Windows host inside Wine as seen from Linux, without HTTP registrations. */
export interface AgentHost {
  readonly host: WindowsHost;
  close(): void;
}

const PATIENCE_MS = 30_000;

/** Connects to a running agent, which takes a moment to listen. */
export async function connectAgent(port: number, token: string): Promise<AgentHost> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const channel = openChannel(
      connect({ port, host: '127.0.0.1' }),
      () => Promise.reject(new Error('the agent calls nobody')),
      () => {},
    );
    try {
      await channel.call('greet', [token]);
      const host = hostFromCalls(
        (name, parameters) => channel.call(name, parameters),
        () => Promise.reject(new Error('the agent serves no HTTP')),
      );
      return { host, close: () => channel.close() };
    } catch (error) {
      channel.close();
      if (Date.now() > end) throw error;
      await sleep(100);
    }
  }
}
