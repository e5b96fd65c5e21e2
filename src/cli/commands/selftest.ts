import { type Command, Option } from 'commander';
import type { CertificateKeyAlgorithm } from '../../ports/key-store.ts';
import type { HostDescription } from '../../ports/windows-host.ts';
import type { StepResult } from '../../selftest/steps.ts';
import { globalsOf, withGlobals } from '../globals.ts';
import { helpText } from '../help.ts';
import { sayJson } from '../output/json.ts';
import { type Cell, renderTable } from '../output/table.ts';
import { painter, sayWrapped } from '../output/text.ts';
import { createProgress } from '../progress.ts';
import type { SetStatus, CliEnvironment } from '../environment.ts';

const algorithms: readonly CertificateKeyAlgorithm[] = ['ec-p256', 'ec-p384', 'rsa-2048', 'rsa-3072', 'rsa-4096'];

/** `everbind selftest` */
export function registerSelftest(program: Command, environment: CliEnvironment, setStatus: SetStatus): void {
  const command = withGlobals(program.command('selftest'))
    .description('renew a certificate of a temporary site on this server, take it back, remove everything')
    .option('--provider <name>', 'key storage provider that makes the keys (default: the software one of Windows)')
    .addOption(new Option('--algorithm <name>', 'of the keys').choices(algorithms).default('ec-p256'))
    .addHelpText(
      'after',
      helpText(
        ['everbind selftest', 'everbind selftest --provider "Microsoft Platform Crypto Provider"'],
        'Your sites, certificates and keys are not touched. The certificates come from a CA that lives as long as this test and that nothing trusts. What a killed test left behind is removed by the next one with the same provider.',
        'Exit status: 0 everything passed, 1 something did not, 4 another self-test is under way.',
      ),
    )
    .action(async () => {
      const globals = globalsOf(command, environment);
      const { provider, algorithm } = command.opts<{ provider?: string; algorithm: CertificateKeyAlgorithm }>();
      const { selfTest } = await import('../../agent/server-modules.ts');
      const progress = createProgress(environment.io);
      try {
        const onStep = ({ step }: StepResult): void => progress.show(step);
        const { host, provider: made, steps } = await selfTest(environment, { provider, algorithm, onStep });
        progress.done();
        const ok = steps.every(({ outcome }) => outcome === 'passed');
        setStatus(ok ? 0 : steps.some(({ code }) => code === 'SELFTEST_UNDER_WAY') ? 4 : 1);
        if (globals.json) sayJson(environment.io, { host, provider: made, algorithm, ok, steps });
        else print(environment, host, steps);
      } finally {
        progress.done();
      }
    });
}

function print(environment: CliEnvironment, { os, iisVersion }: HostDescription, steps: readonly StepResult[]): void {
  const paint = painter(environment.io.colour);
  const columns = [
    { title: 'STEP' },
    { title: 'RESULT', fixed: true },
    { title: 'MS', fixed: true, align: 'right' },
  ] as const;
  const rows = steps.map(({ step, outcome, ms }) => [step, result(outcome), outcome === 'skipped' ? '' : String(ms)]);
  environment.io.out(renderTable(columns, rows, { columns: environment.io.columns, paint }));
  environment.io.out('\n');
  for (const { step, code, message } of steps) {
    if (code === null) continue;
    sayWrapped(environment.io, `${paint('red', 'failed')}  `, `${step}: ${message} [${code}]`, 8);
  }
  const passed = steps.filter(({ outcome }) => outcome === 'passed').length;
  const total = steps.reduce((sum, { ms }) => sum + ms, 0);
  environment.io.out(
    `${passed} of ${steps.length} steps passed in ${(total / 1000).toFixed(1)} s on ${os}, IIS ${iisVersion ?? '-'}.\n`,
  );
}

function result(outcome: StepResult['outcome']): Cell {
  const style = outcome === 'passed' ? 'green' : outcome === 'failed' ? 'red' : 'dim';
  return { text: outcome, style };
}
