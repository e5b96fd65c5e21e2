import { startLatencyProxy } from '../lab/latency.ts';
import { startPebbleFront } from '../lab/pebble/front.ts';
import { withFreshCa } from './fresh-ca.ts';
import { acmeClient, type Contest, everbind, rate, told } from './issue-clients.ts';
import { lego } from './lego.ts';

const AT_ONCE = 16;
const DELAY_MS = 25;

/**
 * Everbind's rate over that of the better of acme-client and lego, each 16 at a time, where a round trip takes 50 ms.
 */
export async function latencyRatio(count: number, peers: number): Promise<number> {
  const ours = rate(told('everbind, 50 ms away', await faraway((contest) => everbind(contest, count))));
  const client = told(
    `acme-client, 50 ms away, ${AT_ONCE} at a time`,
    await faraway((contest) => acmeClient(contest, peers, AT_ONCE)),
  );
  const processes = await faraway(({ ca }) => lego(ca, { count: peers, atOnce: AT_ONCE }));
  console.log(`lego, 50 ms away, ${AT_ONCE} processes at a time: ${processes.toFixed(1)} certificates/s`);
  return ours / Math.max(rate(client), processes);
}

function faraway<T>(work: (contest: Contest) => Promise<T>): Promise<T> {
  return withFreshCa(async (pebble) => {
    const front = await startPebbleFront(pebble);
    const url = new URL(front.directoryUrl);
    const line = await startLatencyProxy(Number(url.port), DELAY_MS);
    url.port = String(line.port);
    try {
      return await work({
        ca: { directoryUrl: url.href, listenerCaPem: front.listenerCaPem },
        rootPem: await pebble.rootPem(),
        gated: false,
      });
    } finally {
      await line.stop();
      await front.stop();
    }
  });
}
