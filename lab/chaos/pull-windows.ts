import type { ChaosWorld } from './world.ts';

const HOUR_MS = 3_600_000;

/**
 * Has the CA say of these certificates (PEM) that they are to be renewed now, as it does before it revokes them (RFC
 * 9773 section 4.1).
 */
export async function pullWindows({ pebble }: Pick<ChaosWorld, 'pebble'>, leaves: readonly string[]): Promise<void> {
  const now = Date.now();
  const suggestedWindow = {
    start: new Date(now - 2 * HOUR_MS).toISOString(),
    end: new Date(now - HOUR_MS).toISOString(),
  };
  for (const certificate of leaves) {
    await pebble.management('set-renewal-info/', { certificate, ariResponse: JSON.stringify({ suggestedWindow }) });
  }
}
