import { readFile, writeFile } from 'node:fs/promises';
import { PROVIDERS } from '../src/dns/providers/all.ts';
import type { ProviderDefinition } from '../src/dns/provider-kit/definition.ts';
import { wrapMarkdown } from './line-width/reflow.ts';

const file = new URL('../docs/dns-providers.md', import.meta.url);

/** docs/dns-providers.md as the definitions in src/dns/providers say it must be. */
export function dnsProvidersPage(): string {
  const providers = [...PROVIDERS].sort((a, b) => (a.name < b.name ? -1 : 1));
  const rows = providers.map(
    ({ name, title, settings, privilege, testedAgainst }) =>
      `| [\`${name}\`](#${name}) | ${title} | ${settings.map(word).join(', ')} | ${cell(privilege)} | ${cell(testedAgainst)} |`,
  );
  const page = [
    '# DNS providers',
    '',
    'Generated from `src/dns/providers/` by `node tools/dns-page.ts --write`. Who can write the TXT record of [dns-01](challenges.md#dns-01):',
    '',
    '```yaml',
    'challenge:',
    '  type: dns-01',
    '  provider: powerdns',
    '  settings:',
    '    endpoint: https://dns.example.com:8081',
    '    apiKey: secret:POWERDNS_KEY',
    '```',
    '',
    'A secret setting takes only `secret:NAME`, a value kept by `everbind secret set NAME`. `everbind dns providers` prints this page, with `--json` for',
    'programs. Besides these there is `exec`, a [program of yours](challenges.md#a-program-of-yours).',
    '',
    '| Provider | Host | Settings (**required**) | Least privilege | Tested against |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
    ...providers.map(section),
  ].join('\n');
  return wrapMarkdown(page);
}

function word({ name, required }: ProviderDefinition['settings'][number]): string {
  return required ? `**${name}**` : name;
}

function section({ name, title, settings, documentation }: ProviderDefinition): string {
  const rows = settings.map(({ name: key, required, secret, description, default: silent, example }) => {
    const value = required ? 'required' : silent === undefined ? '' : cell(silent);
    const shown = example === undefined ? '' : ` Example: \`${cell(example)}\`.`;
    return `| \`${key}\` | ${secret ? '`secret:NAME`' : 'text'} | ${value} | ${cell(description)}${shown} |`;
  });
  const table =
    rows.length === 0
      ? 'No settings.'
      : ['| Setting | Value | Default | Meaning |', '| --- | --- | --- | --- |', ...rows].join('\n');
  return `## ${name}\n\n${title}; [documentation](${documentation}).\n\n${table}\n`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

/** Fails when the committed page is not what the definitions say. */
export async function checkDnsPage(): Promise<void> {
  const committed = await readFile(file, 'utf8').catch(() => '');
  if (committed !== dnsProvidersPage()) {
    throw new Error('docs/dns-providers.md is out of date: run node tools/dns-page.ts --write');
  }
}

if (import.meta.main) {
  if (process.argv.includes('--write')) await writeFile(file, dnsProvidersPage());
  else await checkDnsPage();
}
