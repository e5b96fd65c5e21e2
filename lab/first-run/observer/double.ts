import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WindowsHost } from '../../../src/ports/windows-host.ts';
import { callHost, hostFromCalls } from '../../sim-windows/host-calls.ts';
import type { SimSnapshot } from '../../sim-windows/sim-types.ts';
import { startSimWindows } from '../../sim-windows/sim-windows.ts';

/**
 * One call that reached the double, with what came back: 0, a status, an exit code of appcmd; null for anything else.
 */
export interface JournalEntry {
  readonly name: string;
  readonly status: number | null;
}

/** A double of Windows, and what the observer knows of it without asking the script. */
export interface ObservedDouble {
  readonly host: WindowsHost;
  /** Every call so far. */
  readonly journal: readonly JournalEntry[];
  /** Names that must not appear in a file. */
  readonly secrets: readonly string[];
  snapshot(): Promise<SimSnapshot>;
  stop(): Promise<void>;
}

// Names as administrators give them; none of them is a word of the file.
const SITES = ['Contoso Webshop', 'Br\u00f8dkassen Nord'] as const;
const HOSTS = ['shop.contoso.example', 'brod.contoso.example'] as const;

/** Starts a double with two sites of somebody. */
export async function startObservedDouble(): Promise<ObservedDouble> {
  const folder = await mkdtemp(join(tmpdir(), 'everbind-first-run-'));
  const sites = SITES.map(
    (name, index) =>
      `<site name="${name}" id="${index + 1}" serverAutoStart="true"><application path="/"><virtualDirectory path="/" physicalPath="C:\\inetpub\\contoso${index}" /></application><bindings><binding protocol="http" bindingInformation="*:80:${HOSTS[index]}" /></bindings></site>`,
  );
  const sim = await startSimWindows({
    applicationHostConfig: Buffer.from(
      `<?xml version="1.0" encoding="UTF-8"?><configuration><system.applicationHost><sites>${sites.join('')}</sites></system.applicationHost></configuration>`,
    ),
    rootFolder: join(folder, 'root'),
  });
  const journal: JournalEntry[] = [];
  const around = async (name: string, work: () => Promise<unknown>): Promise<unknown> => {
    try {
      const result = await work();
      const { exitCode } = (result ?? {}) as { readonly exitCode?: number };
      journal.push({ name, status: name === 'appcmd' ? (exitCode ?? null) : 0 });
      return result;
    } catch (error) {
      const { status } = error as { readonly status?: unknown };
      journal.push({ name, status: typeof status === 'number' ? status : null });
      throw error;
    }
  };
  const host = hostFromCalls(
    (name, parameters) => around(name, () => callHost(sim.host, name, parameters)),
    async (prefix, respond) =>
      (await around('httpServer.serve', () => sim.host.httpServer.serve(prefix, respond))) as () => Promise<void>,
  );
  return {
    host,
    journal,
    secrets: [...SITES, ...HOSTS, 'SIM-WINDOWS', 'inetpub'],
    snapshot: () => sim.snapshot(),
    stop: async () => {
      await sim.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
