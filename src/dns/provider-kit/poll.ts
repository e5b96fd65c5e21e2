import type { Clock } from '../../ports/clock.ts';
import { unusable } from './provider-failure.ts';

const limitMs = 120_000;
const longestMs = 5_000;

/** Repeats `done` until it is true, quickly at first. Throws DNS_PROVIDER_FAILED after two minutes. */
export async function poll(
  host: string,
  clock: Clock,
  done: () => Promise<boolean>,
  signal?: AbortSignal,
): Promise<void> {
  let waited = 0;
  for (let pause = 250; !(await done()); pause = Math.min(pause * 2, longestMs)) {
    if (waited >= limitMs) throw unusable(host, 'the change is not carried out after two minutes', 200);
    await clock.sleep(pause, signal);
    waited += pause;
  }
}
