import type { Command } from 'commander';
import { builtInCatalogue } from '../../deploy/catalogue.ts';
import { type CertificateDetail, showCertificate } from '../../overview/certificate-detail.ts';
import { stagingDirectory } from '../../renewal/issuers/acme/order/preview.ts';
import { globalsOf, withGlobals } from '../globals.ts';
import { helpText } from '../help.ts';
import { sayJson } from '../output/json.ts';
import { otherCertificateText } from '../output/notes.ts';
import { challengeText } from '../output/challenge-text.ts';
import { painter, printable, wrap } from '../output/text.ts';
import { leftText, relativeTime, shortTime } from '../output/time.ts';
import { withReadOnlyStore } from '../../agent/read-state.ts';
import { isAtWork } from '../../overview/overview.ts';
import type { SetStatus, CliEnvironment } from '../environment.ts';

/** `everbind show NAME` */
export function registerShow(program: Command, environment: CliEnvironment, _setStatus: SetStatus): void {
  const command = withGlobals(program.command('show <name>'))
    .description('everything about one certificate: what is issued, when it is renewed, what happened')
    .addHelpText('after', helpText(['everbind show shop', 'everbind show shop --json']))
    .action(async (name: string) => {
      const globals = globalsOf(command, environment);
      const now = environment.clock.now();
      const { atWork, ...detail } = await withReadOnlyStore(globals, environment, (store) =>
        store.read((db) => {
          const shown = showCertificate(db, name);
          return {
            ...shown,
            stagingDirectory: stagingDirectory(db, shown.certificate, now),
            atWork: isAtWork(db, now),
          };
        }),
      );
      if (globals.json) sayJson(environment.io, detail);
      else print(environment, detail, now, atWork);
    });
}

/** With the staging environment where the next attempt runs first; null: none. */
type Shown = CertificateDetail & { readonly stagingDirectory: string | null };

function print(
  { io, deploymentCatalogue: catalogue = builtInCatalogue }: CliEnvironment,
  {
    certificate,
    issued,
    openStep,
    served,
    drift,
    ariWindow,
    paused,
    renewals,
    damaged,
    stagingDirectory: staging,
  }: Shown,
  now: number,
  atWork: boolean,
): void {
  const paint = painter(io.colour);
  const say = (label: string, text: string): void => {
    const [first = '', ...rest] = wrap(printable(text), io.columns - 13);
    io.out(`${label.padEnd(13)}${first}\n`);
    for (const line of rest) io.out(`${' '.repeat(13)}${line}\n`);
  };
  const { config } = certificate;
  io.out(`${paint('bold', certificate.name)}\n`);
  say('names', config.identifiers.map(({ value }) => value).join(', '));
  say('issuers', config.issuers.join(', '));
  say(
    'key',
    `${config.key.algorithm} in ${config.key.provider}, ${config.key.reuse ? 'kept' : 'new for each renewal'}`,
  );
  for (const { patterns, challenge, otherwise = [] } of config.challenges) {
    const ways = [challenge, ...otherwise].map(challengeText).join(', otherwise ');
    say('validate', patterns.includes('*') ? ways : `${patterns.join(', ')}: ${ways}`);
  }
  for (const deployment of config.deployments) {
    say('deployed to', catalogue.get(deployment.type)?.describe(deployment) ?? deployment.type);
  }
  say(
    'next',
    `${relativeTime(certificate.nextDue, now)}, ${shortTime(certificate.nextDue)} (${certificate.dueReason})`,
  );
  if (ariWindow !== null) {
    say(
      'CA window',
      `${shortTime(ariWindow.start)} to ${shortTime(ariWindow.end)}, drawn ${shortTime(ariWindow.selected)}`,
    );
    if (ariWindow.explanationUrl !== null) say('why', ariWindow.explanationUrl);
  }
  if (staging !== null) say('tried first', `at ${staging}, since the last attempt counted towards limits of the CA`);
  if (openStep !== null && atWork) say('begun', `step ${openStep} is reached; another process is renewing it now`);
  else if (openStep !== null) say('interrupted', `after step ${openStep}; the next run resumes it`);
  if (certificate.lastError !== null) {
    const { code, message, at } = certificate.lastError;
    say('last error', `${shortTime(at)} [${code}] ${message}`);
  }
  const { name } = certificate;
  if (served.servedNowhere) say('served', `nowhere: no binding has it; everbind renew ${name} --dry-run says why`);
  if (served.otherCertificate.length > 0) {
    say('partly served', `${otherCertificateText(served.otherCertificate)}; everbind renew ${name} --dry-run says why`);
  }
  if (served.unverified) {
    say(
      'unverified',
      `no handshake has shown it, nor did one succeed before it was renewed; everbind scan shows what is served now, everbind audit log --subject ${name} --type renewal.committed --json what each handshake came to`,
    );
  }
  if (served.notChecked) {
    say('not checked', 'no handshake could be made where it is deployed, for instance because each site is stopped');
  }
  for (const { target, code, reason, restorable } of drift) {
    say('drift', `${target}: ${reason} [${code}]; ${restorable ? 'the next run restores it' : 'it is left as it is'}`);
  }
  for (const { issuer, link } of paused) say('paused', `by ${issuer}; to lift it open ${link}`);
  for (const one of issued) {
    say(
      one.status,
      `${one.thumbprint}, ${leftText(one.notAfter, now)}, until ${shortTime(one.notAfter)}, ${one.issuer}`,
    );
  }
  for (const past of renewals) {
    say(past.kind, `${shortTime(past.startedAt)} ${past.outcome ?? `open after ${past.step}`}`);
  }
  for (const { table } of damaged) {
    say(
      'damaged',
      `a row of the table ${table}, left out here; the next run writes it anew (everbind renew --all-due)`,
    );
  }
  say('events', `everbind audit log --subject ${certificate.name}`);
}
