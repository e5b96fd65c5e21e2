/** A file with one thing wrong: where it is, and words of what was found and what was expected. */
export interface WrongFile {
  readonly what: string;
  readonly text: string;
  readonly place: string;
  readonly found: RegExp;
  readonly expected: RegExp;
  readonly suggestion?: string;
}

/** Lines 1 to 4 of most files below. */
const ISSUER = `version: 1
issuers:
  - name: main
    directory: https://ca.example/directory
`;

const certificate = (lines: string) => `${ISSUER}certificates:
  - name: shop
    names: [shop.example.com]
${lines}`;

const named = (names: string, more = '') => `${ISSUER}certificates:
  - name: shop
    names: ${names}
${more}`;

const issuer = (lines: string) => `${ISSUER}${lines}`;

export const WRONG_FILES: readonly WrongFile[] = [
  {
    what: 'an empty file',
    text: '',
    place: '1:1 ',
    found: /^nothing$/,
    expected: /a mapping with version, issuers/,
  },
  { what: 'a file of comments', text: '# later\n', place: '1:1 ', found: /^nothing$/, expected: /a mapping/ },
  { what: 'a list', text: '- version: 1\n', place: '1:1 ', found: /^a list$/, expected: /a mapping/ },
  { what: 'a text', text: 'hello\n', place: '1:1 ', found: /^"hello"$/, expected: /a mapping/ },
  {
    what: 'no version',
    text: ISSUER.replace('version: 1\n', ''),
    place: '1:1 version',
    found: /^nothing$/,
    expected: /^1$/,
  },
  {
    what: 'a version of the future',
    text: ISSUER.replace('1', '2'),
    place: '1:10 version',
    found: /^2$/,
    expected: /^1$/,
  },
  { what: 'a quoted version', text: ISSUER.replace('1', '"1"'), place: '1:10 version', found: /"1"/, expected: /^1$/ },
  {
    what: 'no issuers',
    text: 'version: 1\n',
    place: '1:1 issuers',
    found: /^nothing$/,
    expected: /a list of 1 to 64 issuers/,
  },
  {
    what: 'issuers without entries',
    text: 'version: 1\nissuers: []\n',
    place: '2:10 issuers',
    found: /an empty list/,
    expected: /1 to 64 issuers/,
  },
  {
    what: 'issuers as a mapping',
    text: 'version: 1\nissuers:\n  main: {}\n',
    place: '3:3 issuers',
    found: /^a mapping$/,
    expected: /a list of 1 to 64 issuers/,
  },
  {
    what: 'an unknown key at the top',
    text: issuer('certificate: []\n'),
    place: '5:1 certificate',
    found: /unknown key "certificate"/,
    expected: /version, engine, issuers, defaults, certificates/,
    suggestion: 'certificates',
  },
  {
    what: 'an unknown key in an issuer',
    text: issuer('    dirctory: x\n'),
    place: '5:5 issuers[0].dirctory',
    found: /unknown key "dirctory"/,
    expected: /one of the keys name, directory/,
    suggestion: 'directory',
  },
  {
    what: 'a key in another spelling',
    text: issuer('    terms_of_service_agreed: true\n'),
    place: '5:5 issuers[0].terms_of_service_agreed',
    found: /unknown key/,
    expected: /termsOfServiceAgreed/,
    suggestion: 'termsOfServiceAgreed',
  },
  {
    what: 'an unknown key that resembles none',
    text: issuer('    colour: red\n'),
    place: '5:5 issuers[0].colour',
    found: /unknown key "colour"/,
    expected: /one of the keys/,
  },
  {
    what: 'concurrency of 0',
    text: issuer('engine: { concurrency: 0 }\n'),
    place: '5:24 engine.concurrency',
    found: /^0$/,
    expected: /a whole number from 1 to 64/,
  },
  {
    what: 'concurrency of a half',
    text: issuer('engine:\n  concurrency: 1.5\n'),
    place: '6:16 engine.concurrency',
    found: /^1.5$/,
    expected: /a whole number from 1 to 64/,
  },
  {
    what: 'no number',
    text: issuer('engine: { concurrency: .nan }\n'),
    place: '5:24 engine.concurrency',
    found: /^NaN$/,
    expected: /a whole number/,
  },
  {
    what: 'a section without content',
    text: issuer('engine:\n'),
    place: '5:1 engine',
    found: /^nothing$/,
    expected: /settings of the engine/,
  },
  {
    what: 'a name with a capital letter',
    text: ISSUER.replace('main', 'Main'),
    place: '3:11 issuers[0].name',
    found: /"Main"/,
    expected: /lower-case letters/,
  },
  {
    what: 'a plain http directory',
    text: ISSUER.replace('https', 'http'),
    place: '4:16 issuers[0].directory',
    found: /"http:\/\/ca/,
    expected: /an https URL \(http only to a loopback address/,
  },
  {
    what: 'a plain http directory elsewhere, with the flag for loopback',
    text: `${ISSUER.replace('https', 'http')}    allowInsecureLoopback: true\n`,
    place: '4:16 issuers[0].directory',
    found: /"http:\/\/ca/,
    expected: /loopback/,
  },
  {
    what: 'a loopback directory without the flag',
    text: ISSUER.replace('https://ca.example', 'http://127.0.0.1:14000'),
    place: '4:16 issuers[0].directory',
    found: /127/,
    expected: /allowInsecureLoopback: true/,
  },
  {
    what: 'a host that only looks like loopback',
    text: `${ISSUER.replace('https://ca.example', 'http://127.0.0.1.ca.example')}    allowInsecureLoopback: true\n`,
    place: '4:16 issuers[0].directory',
    found: /127/,
    expected: /loopback/,
  },
  {
    what: 'a directory with a password',
    text: ISSUER.replace('ca.example', 'user:hunter2@ca.example'),
    place: '4:16 issuers[0].directory',
    found: /^a URL with a user name or password \(not shown\)$/,
    expected: /without user name/,
  },
  {
    what: 'a directory that is no URL',
    text: ISSUER.replace('https://', ''),
    place: '4:16 issuers[0].directory',
    found: /"ca.example\/directory"/,
    expected: /an https URL/,
  },
  {
    what: 'a contact without mailto:',
    text: issuer('    contacts: [admin@example.com]\n'),
    place: '5:16 issuers[0].contacts[0]',
    found: /"admin@example.com"/,
    expected: /mailto:admin@example.com/,
  },
  {
    what: 'one contact in place of a list',
    text: issuer('    contacts: mailto:admin@example.com\n'),
    place: '5:15 issuers[0].contacts',
    found: /"mailto:/,
    expected: /a list of at most 16 mailto: URLs/,
  },
  {
    what: 'yes for true (YAML 1.2 has no yes)',
    text: issuer('    termsOfServiceAgreed: yes\n'),
    place: '5:27 issuers[0].termsOfServiceAgreed',
    found: /"yes"/,
    expected: /true or false/,
  },
  {
    what: 'an account key algorithm that does not exist',
    text: issuer('    accountKey: rsa-1024\n'),
    place: '5:17 issuers[0].accountKey',
    found: /"rsa-1024"/,
    expected: /one of ec-p256, .*ed25519/,
  },
  {
    what: 'a secret in the file',
    text: issuer('    externalAccountBinding:\n      keyId: kid\n      hmacKey: c2VjcmV0LXZhbHVl\n'),
    place: '7:16 issuers[0].externalAccountBinding.hmacKey',
    found: /^a value \(not shown\)$/,
    expected: /secret:NAME/,
  },
  {
    what: 'a secret in the place of the binding',
    text: issuer('    externalAccountBinding: c2VjcmV0LXZhbHVl\n'),
    place: '5:29 issuers[0].externalAccountBinding',
    found: /^a value \(not shown\)$/,
    expected: /keyId and hmacKey/,
  },
  {
    what: 'a root file that is not there',
    text: issuer('    trustRoots: [missing.pem]\n'),
    place: '5:18 issuers[0].trustRoots[0]',
    found: /"missing.pem", which does not exist/,
    expected: /PEM certificates/,
  },
  {
    what: 'a root file that is a folder',
    text: issuer('    certificateRoots: [/]\n'),
    place: '5:24 issuers[0].certificateRoots[0]',
    found: /no ordinary file/,
    expected: /PEM certificates/,
  },
  {
    what: 'the same issuer twice',
    text: issuer('  - name: main\n    directory: https://other.example/\n'),
    place: '5:11 issuers[1].name',
    found: /"main", the name of issuers\[0\] \(line 3\)/,
    expected: /a name of its own/,
  },
  {
    what: 'the same certificate twice',
    text: certificate('  - name: shop\n    names: [b.example.com]\n'),
    place: '8:11 certificates[1].name',
    found: /"shop", the name of certificates\[0\] \(line 6\)/,
    expected: /a name of its own/,
  },
  {
    what: 'a certificate that is a name',
    text: issuer('certificates: [shop.example.com]\n'),
    place: '5:16 certificates[0]',
    found: /"shop.example.com"/,
    expected: /a mapping that describes a certificate/,
  },
  {
    what: 'no names',
    text: named('[]'),
    place: '7:12 certificates[0].names',
    found: /an empty list/,
    expected: /1 to 250 names/,
  },
  {
    what: 'a name with an underscore',
    text: named('[shop.example.com, my_shop.example.com]'),
    place: '7:31 certificates[0].names[1]',
    found: /^"my_shop.example.com" \(it has an underscore\)$/,
    expected: /a DNS name or an IP address/,
  },
  {
    what: 'a URL as a name',
    text: named('["https://shop.example.com"]'),
    place: '7:13 certificates[0].names[0]',
    found: /https/,
    expected: /a DNS name/,
  },
  {
    what: 'a name with a port',
    text: named('["shop.example.com:443"]'),
    place: '7:13 certificates[0].names[0]',
    found: /443/,
    expected: /a DNS name/,
  },
  {
    what: 'a number as a name',
    text: named('[1.5]'),
    place: '7:13 certificates[0].names[0]',
    found: /^1.5$/,
    expected: /a DNS name/,
  },
  {
    what: 'a wildcard within a name',
    text: named('["shop.*.example.com"]'),
    place: '7:13 certificates[0].names[0]',
    found: /shop\.\*/,
    expected: /a DNS name/,
  },
  {
    what: 'one name twice in two spellings',
    text: named('[bücher.example, XN--BCHER-KVA.example.]'),
    place: '7:29 certificates[0].names[1]',
    found: /the same name as names\[0\]/,
    expected: /each name once/,
  },
  {
    what: 'one address twice in two spellings',
    text: named('["2001:db8::1", "2001:DB8:0::1"]'),
    place: '7:28 certificates[0].names[1]',
    found: /"2001:db8::1", the same name/,
    expected: /each name once/,
  },
  {
    what: 'a wildcard with http-01',
    text: named('["*.example.com"]'),
    place: '7:13 certificates[0].names[0]',
    found: /the wildcard "\*.example.com" with http-01/,
    expected: /dns-01/,
  },
  {
    what: 'an address with dns-01',
    text: named('[192.0.2.7]', '    challenge: { type: dns-01, provider: exec, command: [/bin/true] }\n'),
    place: '7:13 certificates[0].names[0]',
    found: /the IP address "192.0.2.7" with dns-01/,
    expected: /http-01/,
  },
  {
    what: 'a name that no challenge is for',
    text: named('[a.example.com, b.example.com]', '    challenges: [{ names: [a.example.com], type: http-01 }]\n'),
    place: '7:28 certificates[0].names[1]',
    found: /no entry of challenges/,
    expected: /a last one with "\*"/,
  },
  {
    what: 'challenge and challenges',
    text: certificate('    challenge: { type: http-01 }\n    challenges: [{ names: ["*"], type: http-01 }]\n'),
    place: '9:17 certificates[0].challenges',
    found: /both/,
    expected: /one of them/,
  },
  {
    what: 'an unknown challenge',
    text: certificate('    challenge: { type: tls-01 }\n'),
    place: '8:24 certificates[0].challenge.type',
    found: /"tls-01"/,
    expected: /^one of http-01, dns-01$/,
  },
  {
    what: 'a challenge without a type',
    text: certificate('    challenge: { mode: auto }\n'),
    place: '8:16 certificates[0].challenge.type',
    found: /^nothing$/,
    expected: /one of http-01, dns-01/,
  },
  {
    what: 'a key of the other challenge',
    text: certificate('    challenge: { type: http-01, command: [/bin/true] }\n'),
    place: '8:33 certificates[0].challenge.command',
    found: /unknown key "command"/,
    expected: /type, mode, path, port/,
  },
  {
    what: 'a relative web root',
    text: certificate('    challenge: { type: http-01, mode: webroot, path: wwwroot }\n'),
    place: '8:54 certificates[0].challenge.path',
    found: /"wwwroot"/,
    expected: /an absolute Windows path/,
  },
  {
    what: 'a web root where no files are written',
    text: certificate("    challenge: { type: http-01, mode: http.sys, path: 'C:\\web' }\n"),
    place: '8:55 certificates[0].challenge.path',
    found: /a path with mode http.sys/,
    expected: /webroot or auto/,
  },
  {
    what: 'a port out of range',
    text: certificate('    challenge: { type: http-01, port: 70000 }\n'),
    place: '8:39 certificates[0].challenge.port',
    found: /70000/,
    expected: /from 1 to 65535/,
  },
  {
    what: 'a program without a path',
    text: certificate('    challenge: { type: dns-01, provider: exec, command: [nsupdate] }\n'),
    place: '8:58 certificates[0].challenge.command[0]',
    found: /not shown/,
    expected: /the path of a program/,
  },
  {
    what: 'a batch file',
    text: certificate("    challenge: { type: dns-01, provider: exec, command: ['C:\\dns.CMD', x] }\n"),
    place: '8:58 certificates[0].challenge.command[0]',
    found: /not shown/,
    expected: /no batch file/,
  },
  {
    what: 'a command in one text',
    text: certificate('    challenge: { type: dns-01, provider: exec, command: "/bin/dns --token abc" }\n'),
    place: '8:57 certificates[0].challenge.command',
    found: /^a value \(not shown\)$/,
    expected: /a list of 1 to 64 texts/,
  },
  {
    what: 'an issuer that does not exist',
    text: certificate('    issuers: [mian]\n'),
    place: '8:15 certificates[0].issuers[0]',
    found: /"mian"/,
    expected: /an issuer of this file: main/,
    suggestion: 'main',
  },
  {
    what: 'an issuer twice in a list',
    text: certificate('    issuers: [main, main]\n'),
    place: '8:21 certificates[0].issuers[1]',
    found: /"main" again/,
    expected: /each issuer once/,
  },
  {
    what: 'no choice among two issuers',
    text: `${ISSUER}  - name: other
    directory: https://other.example/
certificates:
  - name: shop
    names: [shop.example.com]
`,
    place: '8:5 certificates[0]',
    found: /a certificate without an issuer/,
    expected: /here or under defaults: one or more of main, other/,
  },
  {
    what: 'an issuer under defaults that does not exist, told once',
    text: `${certificate('  - name: blog\n    names: [blog.example.com]\n')}defaults: { issuers: [nobody] }\n`,
    place: '10:23 defaults.issuers[0]',
    found: /"nobody"/,
    expected: /an issuer of this file/,
  },
  {
    what: 'a key of a certificate that makes no sense under defaults',
    text: issuer('defaults: { names: [a.example.com] }\n'),
    place: '5:13 defaults.names',
    found: /unknown key "names"/,
    expected: /key, issuers, challenge/,
  },
  {
    what: 'a curve for a certificate that CAs do not sign',
    text: certificate('    key: { algorithm: ed25519 }\n'),
    place: '8:23 certificates[0].key.algorithm',
    found: /"ed25519"/,
    expected: /one of ec-p256/,
  },
  {
    what: 'a store that is not used',
    text: certificate('    deployments: [{ type: iis, store: Root }]\n'),
    place: '8:39 certificates[0].deployments[0].store',
    found: /"Root"/,
    expected: /one of WebHosting, MY/,
  },
  {
    what: 'a deployment that does not exist',
    text: certificate('    deployments: [{ type: apache }]\n'),
    place: '8:27 certificates[0].deployments[0].type',
    found: /"apache"/,
    expected: /^one of iis$/,
  },
  {
    what: 'a site number that is no number',
    text: certificate('    deployments: [{ type: iis, sites: ["id:0x3"] }]\n'),
    place: '8:40 certificates[0].deployments[0].sites[0]',
    found: /"id:0x3"/,
    expected: /id:3/,
  },
  {
    what: 'a site twice, as IIS compares names',
    text: certificate('    deployments: [{ type: iis, sites: [Shop, SHOP] }]\n'),
    place: '8:46 certificates[0].deployments[0].sites[1]',
    found: /"SHOP" again/,
    expected: /each site once/,
  },
  {
    what: 'an application id without braces',
    text: certificate('    deployments: [{ type: iis, adoptForeignAppIds: [4dc3e181-e14b-4a21-b022-59fc669b0914] }]\n'),
    place: '8:53 certificates[0].deployments[0].adoptForeignAppIds[0]',
    found: /4dc3e181/,
    expected: /an application id/,
  },
  {
    what: 'too many old certificates',
    text: certificate('    keepOld: 11\n'),
    place: '8:14 certificates[0].keepOld',
    found: /^11$/,
    expected: /from 0 to 10/,
  },
  {
    what: 'a merge key',
    text: `${ISSUER}certificates:\n  - &shop\n    name: shop\n    names: [shop.example.com]\n  - <<: *shop\n    name: b\n    names: [b.example.com]\n`,
    place: '9:5 certificates[1]["<<"]',
    found: /unknown key "<<"/,
    expected: /one of the keys/,
  },
  {
    what: 'a key that would reach the prototype',
    text: issuer('__proto__: { x: 1 }\n'),
    place: '5:1 __proto__',
    found: /unknown key "__proto__"/,
    expected: /one of the keys/,
  },
];
