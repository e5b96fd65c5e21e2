import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { systemClock } from '../../src/net/system.ts';
import type { Clock } from '../../src/ports/clock.ts';

/**
 * The machine's time with a lead that grows instead of waiting. The lead is in a file, so that a kill does not set the
 * time back.
 */
export interface MovingClock extends Clock {
  /** Moves on to this time, ms since 1970; never back. */
  moveTo(time: number): void;
}

/** A sleep takes this long at most: enough for the CA to get on. */
const LONGEST_SLEEP_MS = 10;

/** Others may move the time on meanwhile; a process that was stopped sees it at once. */
const LOOKS_EVERY_MS = 20;

export function movingClock(file: string): MovingClock {
  let lead = readLead(file);
  let looked = performance.now();
  const current = (): number => {
    if (performance.now() - looked > LOOKS_EVERY_MS) {
      lead = Math.max(lead, readLead(file));
      looked = performance.now();
    }
    return lead;
  };
  const moveTo = (time: number): void => {
    const wanted = Math.ceil(time - Date.now());
    if (wanted <= Math.max(lead, readLead(file))) return;
    lead = wanted;
    // Renamed, since another process may be reading it.
    writeFileSync(`${file}.${process.pid}`, String(lead));
    renameSync(`${file}.${process.pid}`, file);
  };
  return {
    now: () => Date.now() + current(),
    moveTo,
    sleep: async (ms, signal) => {
      const end = Date.now() + current() + ms;
      await systemClock.sleep(Math.min(ms, LONGEST_SLEEP_MS), signal);
      // Several that sleep at a time sleep together.
      moveTo(end);
    },
  };
}

/** By how many milliseconds the clock of that file is ahead of the machine's. */
export function readLead(file: string): number {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch {
    return 0;
  }
}
