import type { Command } from 'commander';
import { wouldFail } from '../../preflight/findings.ts';
import type { Checked } from '../../agent/check-certificates.ts';
import { globalsOf, withGlobals } from '../globals.ts';
import { helpText } from '../help.ts';
import { sayJson } from '../output/json.ts';
import { painter, plural, sayWrapped } from '../output/text.ts';
import { createProgress } from '../progress.ts';
import type { SetStatus, CliEnvironment } from '../environment.ts';

/** `everbind check [NAME…]` */
export function registerCheck(program: Command, environment: CliEnvironment, setStatus: SetStatus): void {
  const command = withGlobals(program.command('check [name...]'))
    .description('find out what would prevent a certificate from being issued; nothing is ordered')
    .addHelpText(
      'after',
      helpText(
        ['everbind check', 'everbind check shop', 'everbind check shop --json'],
        'Looks at CAA records, DNSSEC, addresses, port 80, redirects, DNS credentials, the directory of each CA and its limits. Challenge responses are put in place as for a renewal, looked at, and removed again.',
        'Exit status: 0 nothing would fail, 1 everything would, 3 some would and others not.',
      ),
    )
    .action(async (names: string[]) => {
      const globals = globalsOf(command, environment);
      const { checkCertificates } = await import('../../agent/work-modules.ts');
      const progress = createProgress(environment.io);
      const results: (Checked & { readonly ok: boolean })[] = [];
      try {
        await checkCertificates(globals, environment, [...new Set(names)], (checked) => {
          progress.done();
          const ok = !wouldFail(checked.findings, checked.issuers);
          results.push({ ...checked, ok });
          if (!globals.json) printChecked(environment, checked, ok);
          progress.show(`${plural(results.length, 'certificate')} checked`);
        });
      } finally {
        progress.done();
      }
      const failing = results.filter(({ ok }) => !ok).length;
      setStatus(failing === 0 ? 0 : failing === results.length ? 1 : 3);
      if (globals.json) sayJson(environment.io, { ok: failing === 0, certificates: results });
      else environment.io.out(`${plural(results.length, 'certificate')}: ${failing} would fail.\n`);
    });
}

function printChecked({ io }: CliEnvironment, { name, findings }: Checked, ok: boolean): void {
  const paint = painter(io.colour);
  const verdict = ok
    ? findings.length === 0
      ? paint('green', 'ok')
      : paint('yellow', 'doubtful')
    : paint('red', 'would fail');
  io.out(`${verdict}  ${paint('bold', name)}\n`);
  for (const { code, severity, name: about, issuer, what, why, fix } of findings) {
    const where = [about, issuer === null ? null : `at ${issuer}`].filter((part) => part !== null).join(' ');
    const head = paint(severity === 'fails' ? 'red' : 'yellow', severity.padEnd(8));
    sayWrapped(io, `  ${head}  `, `${code}${where === '' ? '' : `: ${where}`}`, 12);
    sayWrapped(io, '            ', what, 12);
    sayWrapped(io, '  why       ', why, 12);
    sayWrapped(io, '  fix       ', fix, 12);
  }
}
