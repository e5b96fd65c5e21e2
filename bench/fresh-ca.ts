import { type Pebble, startPebble } from '../lab/pebble/server.ts';

const TRIES = 3;

/**
 * Does the work with a CA of its own, since what a CA has issued before makes it slower, and takes every challenge as
 * answered. Even behind its gate Pebble still locks itself up now and then on a busy machine; what was measured then
 * says nothing, and is measured again.
 */
export async function withFreshCa<T>(work: (pebble: Pebble) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    const pebble = await startPebble({ alwaysValid: true });
    try {
      return await work(pebble);
    } catch (error) {
      if (attempt >= TRIES) throw error;
      console.log(`once more: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      await pebble.stop();
    }
  }
}
