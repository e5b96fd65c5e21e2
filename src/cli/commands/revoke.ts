import { type Command, Option } from 'commander';
import type { RevocationReason } from '../../acme/session/certificate-requests.ts';
import { EverbindError } from '../../errors/error.ts';
import { withAgent } from '../../agent/compose.ts';
import { globalsOf, withGlobals } from '../globals.ts';
import { helpText } from '../help.ts';
import { sayJson } from '../output/json.ts';
import { painter } from '../output/text.ts';
import type { SetStatus, CliEnvironment } from '../environment.ts';

// The values of CRLReason (RFC 5280 section 5.3.1) that make sense for one's own certificate.
const reasons: Readonly<Record<string, RevocationReason>> = {
  unspecified: 0,
  keyCompromise: 1,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
};

interface RevokeOptions {
  readonly reason?: string;
  readonly withCertificateKey?: boolean;
  readonly yes?: boolean;
}

/** `everbind revoke NAME` */
export function registerRevoke(program: Command, environment: CliEnvironment, _setStatus: SetStatus): void {
  const command = withGlobals(program.command('revoke <name>'))
    .description('revoke the certificate in use at its CA; a new one is due at once')
    .addOption(new Option('--reason <reason>', 'why').choices(Object.keys(reasons)))
    .option('--with-certificate-key', "sign with the certificate's own key instead of the account's")
    .option('-y, --yes', 'do not ask')
    .addHelpText(
      'after',
      helpText(['everbind revoke shop --reason keyCompromise', 'everbind revoke shop --yes && everbind renew shop']),
    )
    .action(async (name: string) => {
      const globals = globalsOf(command, environment);
      const options = command.opts<RevokeOptions>();
      if (options.yes !== true) {
        const answer = await environment.io.ask(`Revoke the certificate of ${name}? This cannot be undone. [y/N] `);
        if (answer === null || !/^y(es)?$/i.test(answer.trim()))
          throw new EverbindError('CLI_CANCELLED', 'nothing was revoked');
      }
      const result = await withAgent(
        globals,
        environment,
        () => {},
        ({ engine, signal }) =>
          engine.revoke(
            {
              name,
              reason: options.reason === undefined ? null : (reasons[options.reason] ?? null),
              byCertificateKey: options.withCertificateKey === true,
            },
            signal,
          ),
      );
      if (globals.json) sayJson(environment.io, { ok: true, ...result });
      else {
        const paint = painter(environment.io.colour);
        environment.io.out(
          `${paint('green', result.already ? 'was revoked already' : 'revoked')} ${result.thumbprint}\n`,
        );
        environment.io.out(`A new certificate is due now: everbind renew ${name}\n`);
      }
    });
}
