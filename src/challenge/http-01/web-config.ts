import { createHash } from 'node:crypto';

/**
 * The web.config beside the challenge responses. A section that the server has locked, or does not know, turns every
 * request below the folder into an error 500.19, so these forms are tried in this order until one works:
 *
 * - `plain`: static content only. Every IIS is delivered with this section open to web.config files.
 * - `handlers`: removes all handlers but the static file handler (ASP.NET's extensionless handler comes before it), the
 *   site's redirect and the forms login. IIS is delivered with `handlers` locked; the usual installation of the site
 *   features unlocks it.
 * - `rewrite`: clears the URL Rewrite rules that are inherited from the site. Only that module brings the section.
 * - `handlers-rewrite`: both.
 *
 * In IIS as delivered no web.config can change authentication methods, request filtering of the server, or global
 * rewrite rules.
 */
export const WEB_CONFIG_FORMS = ['plain', 'handlers', 'rewrite', 'handlers-rewrite'] as const;
export type WebConfigForm = (typeof WEB_CONFIG_FORMS)[number];

/** `torn`: the beginning of one of ours, cut off by a kill. */
export type FoundWebConfig =
  | { readonly kind: 'ours'; readonly form: WebConfigForm }
  | { readonly kind: 'torn' }
  | { readonly kind: 'foreign' };

const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';
const marker = '<!-- Made by Everbind for the time of an ACME challenge; it removes this file itself. ';
const end = '</configuration>\n';
// Those of earlier versions also name folders.
const seal = /^(form=([a-z-]+)(?: folders=[a-z.,-]*)?) sha256=([0-9a-f]{64}) -->\n/;

/** The file for a form. */
export function renderWebConfig(form: WebConfigForm): Uint8Array {
  const body = bodyOf(form);
  const facts = `form=${form}`;
  return Buffer.from(`${declaration}${marker}${facts} sha256=${digest(facts, body)} -->\n${body}`, 'utf8');
}

/** Who made a web.config. One of ours that somebody edited counts as foreign. */
export function readWebConfig(octets: Uint8Array): FoundWebConfig {
  const text = Buffer.from(octets).toString('utf8');
  const head = `${declaration}${marker}`;
  if (!text.startsWith(head)) return { kind: head.startsWith(text) ? 'torn' : 'foreign' };
  const found = seal.exec(text.slice(head.length));
  const [line = '', facts = '', form = '', sum] = found ?? [];
  const body = text.slice(head.length + line.length);
  const known = WEB_CONFIG_FORMS.find((candidate) => candidate === form);
  if (known !== undefined && sum === digest(facts, body)) return { kind: 'ours', form: known };
  return { kind: text.endsWith(end) ? 'foreign' : 'torn' };
}

function digest(facts: string, body: string): string {
  return createHash('sha256').update(`${facts}\n${body}`).digest('hex');
}

function bodyOf(form: WebConfigForm): string {
  const handlers = form === 'handlers' || form === 'handlers-rewrite';
  const rewrite = form === 'rewrite' || form === 'handlers-rewrite';
  return [
    '<configuration>\n  <system.webServer>\n',
    // A second mapping of the same extension would be an error, so an inherited one is removed first.
    '    <staticContent>\n      <remove fileExtension="." />\n',
    '      <mimeMap fileExtension="." mimeType="text/plain" />\n    </staticContent>\n',
    form === 'plain' ? '' : '    <httpRedirect enabled="false" />\n',
    handlers ? staticFileHandler : '',
    rewrite ? '    <rewrite>\n      <rules>\n        <clear />\n      </rules>\n    </rewrite>\n' : '',
    '  </system.webServer>\n',
    handlers ? everybody : '',
    end,
  ].join('');
}

const staticFileHandler = [
  '    <handlers>\n      <clear />\n',
  '      <add name="EverbindStaticFile" path="*" verb="GET,HEAD" modules="StaticFileModule" resourceType="File" requireAccess="Read" />\n',
  '    </handlers>\n',
].join('');

const everybody =
  '  <system.web>\n    <authorization>\n      <allow users="*" />\n    </authorization>\n  </system.web>\n';
