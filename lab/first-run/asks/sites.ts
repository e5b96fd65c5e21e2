import type { Asking } from '../asking.ts';
import { millisecondsSince } from '../recording-host.ts';
import { siteOf } from '../own-names.ts';

/** Runs appcmd on objects of ours alone: its octets stand in the file. */
export async function ownAppcmd(
  asking: Asking,
  args: readonly string[],
): Promise<{ readonly exitCode: number; readonly stdout: Uint8Array }> {
  const began = performance.now();
  const { exitCode, stdout } = await asking.host.appcmd(args);
  // A refusal may name the file of a shared configuration, and with it somebody's server.
  const stdoutHex = exitCode === 0 ? Buffer.from(stdout).subarray(0, 65_536).toString('hex') : null;
  asking.note({ kind: 'appcmd', run: { args, exitCode, stdoutHex, ms: millisecondsSince(began) } });
  return { exitCode, stdout };
}

/** Makes a site, and removes it in the end. `rest` follows its name. */
export async function placeSite(
  asking: Asking,
  label: string,
  ...rest: readonly string[]
): Promise<{ readonly name: string; readonly exitCode: number }> {
  const name = siteOf(label);
  asking.onEnd(() => ownAppcmd(asking, ['delete', 'site', name]));
  const { exitCode } = await ownAppcmd(asking, ['add', 'site', `/name:${name}`, ...rest]);
  return { name, exitCode };
}

/** `Started`, `Stopped`, `Unknown`; null when appcmd does not list it. */
export async function stateOf(asking: Asking, site: string): Promise<string | null> {
  const { stdout } = await ownAppcmd(asking, ['list', 'site', site, '/xml']);
  return /\sstate="([A-Za-z]+)"/.exec(Buffer.from(stdout).toString('latin1'))?.[1] ?? null;
}

const START_MS = 15_000;

/** How long until a site is Started; null when it is not within 15 seconds. */
export async function untilStarted(asking: Asking, site: string): Promise<number | null> {
  const began = performance.now();
  for (;;) {
    if ((await stateOf(asking, site)) === 'Started') return millisecondsSince(began);
    if (performance.now() - began > START_MS) return null;
    await asking.clock.sleep(100);
  }
}
