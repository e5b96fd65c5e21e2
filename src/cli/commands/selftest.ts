import { type Command, Option } from 'commander';
import type { CertificateKeyAlgorithm } from '../../ports/key-store.ts';
import type { ResultFile, TestStep } from '../../selftest/result-file.ts';
import { NOT_REACHED } from '../../selftest/steps.ts';
import { globalsOf, withGlobals } from '../globals.ts';
import { helpText } from '../help.ts';
import { sayJson } from '../output/json.ts';
import { renderTable } from '../output/table.ts';
import { painter, plural, sayWrapped, type Style } from '../output/text.ts';
import { createProgress } from '../progress.ts';
import type { SetStatus, CliEnvironment } from '../environment.ts';

const algorithms: readonly CertificateKeyAlgorithm[] = ['ec-p256', 'ec-p384', 'rsa-2048', 'rsa-3072', 'rsa-4096'];

/** `everbind selftest` */
export function registerSelftest(program: Command, environment: CliEnvironment, setStatus: SetStatus): void {
  const command = withGlobals(program.command('selftest'))
    .description('renew certificates of temporary sites on this server, roll back, remove everything')
    .option('--provider <name>', 'key storage provider that makes the keys (default: the software one of Windows)')
    .addOption(
      new Option('--algorithm <name>', 'of the keys (default: each that the provider makes)').choices(algorithms),
    )
    .addHelpText(
      'after',
      helpText(
        [
          'everbind selftest',
          'everbind selftest --algorithm rsa-2048',
          'everbind selftest --provider "Microsoft Platform Crypto Provider"',
          'everbind selftest --json > selftest.json',
        ],
        'Your sites, certificates and keys are not touched. The certificates come from a CA that lives as long as this test and that nothing trusts. Its intermediate certificate is in the store CA meanwhile; nothing is put into Root. What a killed test left behind is removed by the next one with the same provider.',
        'The test passes only when handshakes showed each certificate that was bound. It stays on this server: it cannot tell whether a firewall lets visitors and CAs in. Steps that say what they saw, such as which certificates of the chain are sent, are not judged.',
        '--json prints the result file: each step with its duration and the status of each call, and each handshake. It names no site of yours.',
        'Exit status: 0 everything passed, 1 something did not, 4 another self-test is under way, 5 not elevated, 130 interrupted.',
      ),
    )
    .action(async () => {
      const globals = globalsOf(command, environment);
      const { provider, algorithm } = command.opts<{ provider?: string; algorithm?: CertificateKeyAlgorithm }>();
      const { selfTest } = await import('../../agent/server-modules.ts');
      const progress = createProgress(environment.io);
      try {
        const onStep = ({ step }: TestStep): void => progress.show(step);
        const result = await selfTest(environment, { provider, algorithm, onStep });
        progress.done();
        setStatus(statusOf(result));
        if (globals.json) sayJson(environment.io, result);
        else print(environment, result);
      } finally {
        progress.done();
      }
    });
}

function statusOf({ steps, summary }: ResultFile): number {
  if (summary.blocking.length === 0) return 0;
  return steps.some(({ code }) => code === 'SELFTEST_UNDER_WAY') ? 4 : 1;
}

function print(environment: CliEnvironment, { machine, iis, steps }: ResultFile): void {
  const paint = painter(environment.io.colour);
  const columns = [
    { title: 'STEP' },
    { title: 'RESULT', fixed: true },
    { title: 'MS', fixed: true, align: 'right' },
  ] as const;
  const rows = steps.map(({ step, outcome, ms }) => [
    step,
    { text: outcome, style: styles[outcome] },
    outcome === 'skipped' ? '' : String(ms),
  ]);
  environment.io.out(renderTable(columns, rows, { columns: environment.io.columns, paint }));
  environment.io.out('\n');
  // Several steps may say the same, such as that a provider does not exist.
  const told = steps.filter(({ message }) => message !== '' && message !== NOT_REACHED);
  for (const same of Map.groupBy(told, ({ outcome, message }) => `${outcome} ${message}`).values()) {
    const [{ outcome, code, message }] = same as [TestStep];
    const text = `${same.map(({ step }) => step).join(', ')}: ${message}${code === null ? '' : ` [${code}]`}`;
    sayWrapped(environment.io, `${paint(styles[outcome], outcome.padEnd(7))}  `, text, 9);
  }
  const unreached = steps.filter(({ message }) => message === NOT_REACHED).length;
  if (unreached > 0) {
    const text = `${plural(unreached, 'step')}: ${NOT_REACHED}`;
    sayWrapped(environment.io, `${paint(styles.skipped, 'skipped')}  `, text, 9);
  }
  const total = steps.reduce((sum, { ms }) => sum + ms, 0);
  const count = (wanted: TestStep['outcome']): number => steps.filter(({ outcome }) => outcome === wanted).length;
  const skipped = count('skipped') === 0 ? '' : `, ${count('skipped')} skipped`;
  sayWrapped(
    environment.io,
    '',
    `${count('passed')} of ${steps.length} steps passed${skipped}, ${count('failed')} failed, in ${(total / 1000).toFixed(1)} s on ${machine?.productName ?? '-'}, IIS ${iis?.version ?? '-'}.`,
    0,
  );
}

const styles: Readonly<Record<TestStep['outcome'], Style>> = { passed: 'green', failed: 'red', skipped: 'dim' };
