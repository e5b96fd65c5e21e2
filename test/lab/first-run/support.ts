import { createNameHider } from '../../../lab/first-run/name-hider.ts';
import { startObservedDouble } from '../../../lab/first-run/observer/double.ts';
import { judgeFile } from '../../../lab/first-run/observer/judge.ts';
import { runFirstRun } from '../../../lab/first-run/run.ts';
import { type Sabotage, spoil } from '../../../lab/first-run/sabotage.ts';
import { systemClock, systemRandom } from '../../../src/net/system.ts';
import { tlsProbe } from '../../../src/verify/tls-probe.ts';

/** A run in this process that asks one question, and what the observer finds wrong with it. */
export async function runOnDouble(
  sabotage: Sabotage | null,
  withNames = false,
): Promise<{ readonly octets: Buffer; readonly problems: readonly string[] }> {
  const double = await startObservedDouble();
  try {
    const earlier = await double.snapshot();
    const whole = await runFirstRun({
      kind: 'double',
      host: double.host,
      native: null,
      koffi: null,
      tools: null,
      probe: tlsProbe,
      clock: systemClock,
      random: systemRandom,
      names: createNameHider(withNames),
      sabotage,
      only: new Set([12]),
      onAnswer: () => {},
    });
    const octets = Buffer.from(JSON.stringify(spoil(whole, sabotage, 'Contoso Webshop')));
    const { journal, secrets } = double;
    const later = await double.snapshot();
    return { octets, problems: judgeFile(octets, { journal, secrets, before: earlier, after: later }) };
  } finally {
    await double.stop();
  }
}
