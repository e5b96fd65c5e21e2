import { EverbindError, errorCode } from '../errors/error.ts';
import { thumbprintOf } from '../pki/x509/certificate.ts';
import type { Clock } from '../ports/clock.ts';
import type { Probe, ProbeTarget } from '../verify/probe.ts';

/** One of many handshakes. Times in milliseconds since 1970. */
export interface WatchedHandshake {
  readonly began: number;
  readonly ended: number;
  /** SHA-1, lower-case hex; null when it failed. */
  readonly leaf: string | null;
  /** Code of the failure. */
  readonly error: string | null;
}

/** What visitors meet while a certificate is changed. Milliseconds. */
export interface ChangeTimes {
  /** From the beginning of the change to the end of the first handshake with the new certificate. */
  readonly toNewLeaf: number;
  /** The first handshake that began after the change, which may have to build the chain. */
  readonly firstHandshake: number;
  /** The longest time in which every handshake failed. */
  readonly gap: number;
}

export interface Watched {
  readonly probe: Probe;
  readonly clock: Clock;
  readonly target: Omit<ProbeTarget, 'timeoutMs'>;
  /** Thumbprint of the new certificate. */
  readonly leaf: string;
}

const PAUSE_MS = 2;
/** The first handshake after a change may wait for the network, which Windows asks for certificates and CRLs. */
const HANDSHAKE_MS = 30_000;
const PATIENCE_MS = 30_000;
/** Visitors notice a longer one. Delete and set takes less. */
const LONGEST_GAP_MS = 1_000;

/**
 * Shakes hands again and again while `change` runs, until the new certificate is served, and returns the times in
 * words. Throws SELFTEST_FAILED when it is not served within 30 seconds after the change, and when handshakes failed
 * for more than a second.
 */
export async function watchChange(watched: Watched, change: () => Promise<void>): Promise<string> {
  const { clock, leaf } = watched;
  const handshakes = [await shakeHands(watched)];
  let ended: number | null = null;
  let abandoned = false;
  const goesOn = (): boolean => {
    if (abandoned || ended === null) return !abandoned;
    const last = handshakes.at(-1);
    const served = last !== undefined && last.began >= ended && last.leaf === leaf;
    return !served && clock.now() < ended + PATIENCE_MS;
  };
  const watching = (async (): Promise<void> => {
    while (goesOn()) {
      await clock.sleep(PAUSE_MS);
      handshakes.push(await shakeHands(watched));
    }
  })();
  const began = clock.now();
  try {
    await change();
    ended = clock.now();
  } catch (error) {
    abandoned = true;
    throw error;
  } finally {
    await watching;
  }
  return describe(changeTimes(handshakes, { began, ended }, leaf), leaf);
}

/** null when the new certificate was not served after the change. */
export function changeTimes(
  handshakes: readonly WatchedHandshake[],
  change: { readonly began: number; readonly ended: number },
  newLeaf: string,
): ChangeTimes | null {
  const first = handshakes.find(({ began }) => began >= change.ended);
  const renewed = handshakes.find(({ leaf }) => leaf === newLeaf);
  if (first === undefined || renewed === undefined || handshakes.at(-1)?.leaf !== newLeaf) return null;
  let gap = 0;
  let failedSince: number | null = null;
  for (const { began, leaf } of handshakes) {
    if (failedSince !== null) gap = Math.max(gap, began - failedSince);
    failedSince = leaf === null ? (failedSince ?? began) : null;
  }
  return { toNewLeaf: renewed.ended - change.began, firstHandshake: first.ended - first.began, gap };
}

function describe(times: ChangeTimes | null, leaf: string): string {
  if (times === null) {
    const seconds = PATIENCE_MS / 1000;
    throw new EverbindError('SELFTEST_FAILED', `${seconds} s after the change ${leaf} is not served`);
  }
  const { toNewLeaf, firstHandshake, gap } = times;
  if (gap > LONGEST_GAP_MS) {
    throw new EverbindError('SELFTEST_FAILED', `handshakes failed for ${gap} ms while the record was changed`);
  }
  const failed = gap === 0 ? 'no handshake failed' : `handshakes failed for ${gap} ms`;
  return `new certificate seen after ${toNewLeaf} ms; ${failed}; first handshake after the change: ${firstHandshake} ms`;
}

async function shakeHands({ probe, clock, target }: Watched): Promise<WatchedHandshake> {
  const began = clock.now();
  try {
    const { chain } = await probe({ ...target, timeoutMs: HANDSHAKE_MS });
    const leaf = thumbprintOf(chain[0] ?? new Uint8Array());
    return { began, ended: clock.now(), leaf, error: null };
  } catch (error) {
    return { began, ended: clock.now(), leaf: null, error: errorCode(error) };
  }
}
