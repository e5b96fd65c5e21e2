import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/**
 * Octets. Above this, V8's young generation doubles to 16 MiB, and to 48 in the end, for a gain that cannot be measured
 * here.
 */
const ENOUGH = 6 * 2 ** 20;

/**
 * Has V8's young generation stop growing once it is large enough: a service that has many certificates under way would
 * otherwise hold tens of MiB of it for good. Node has an option for it at the start of the process only, which nobody
 * who starts us gives.
 */
export function limitHeapGrowth(): void {
  const observer = new PerformanceObserver(() => {
    const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
    if (young !== undefined && young.space_size < ENOUGH) return;
    setFlagsFromString('--semi-space-growth-factor=1');
    observer.disconnect();
  });
  observer.observe({ entryTypes: ['gc'] });
}
