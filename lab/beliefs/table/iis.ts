import { type Belief, test } from '../belief.ts';

const configuration = 'src/iis/configuration.ts';
const inventory = 'src/iis/inventory.ts';
const changes = 'src/iis/change-sites.ts';
const output = 'src/iis/config/appcmd-output.ts';
const contract = 'ports/windows-host-appcmd.ts';

/** IIS and appcmd. */
export const iis: readonly Belief[] = [
  {
    id: 'A118',
    belief: 'With /xml there is one element an object; the attribute with the bindings has no flags.',
    verdict: 'confirmed',
    source: 'IIS documentation; outputs that were published',
    reliesOn: [output],
    test: test('iis/config/appcmd-output.test.ts', 'list site: ids and states, with /config or without'),
  },
  {
    id: 'A119',
    belief: 'Redirected output of appcmd is UTF-8, or in the code page of the console.',
    verdict: 'contradicted',
    source: 'microsoft/azure-pipelines-extensions issue 851 and its repair 884',
    instead:
      'It is in the ANSI code page, and letters that this lacks are lost. Names and bindings come from applicationHost.config; appcmd is asked for states by id.',
    doubles: ['D2'],
    reliesOn: [configuration, inventory, output],
    test: test(
      'iis/site-names.test.ts',
      'names of sites are those of the configuration, although appcmd writes in the code page of the machine',
    ),
  },
  {
    id: 'A120',
    belief: 'appcmd ends with 1 when a list has no match, and with Win32 codes otherwise.',
    verdict: 'unknown',
    question: 24,
    meanwhile: 'What counts is what is read back.',
    reliesOn: ['src/iis/appcmd-change.ts', 'src/iis/appcmd-lists.ts'],
    test: test('iis/change-sites.test.ts', 'that took effect although the command ended with an error is done'),
  },
  {
    id: 'A121',
    belief: 'Arguments with blanks are quoted as a whole, as libuv does.',
    verdict: 'confirmed',
    source: 'R. McMurray of the IIS team',
    reliesOn: ['src/windows/appcmd.ts'],
    test: test(contract, 'adds, changes and removes a binding; the flags are kept'),
  },
  {
    id: 'A122',
    belief: 'sslFlags has the bits 1, 2, 4, 8, 16, 32, 64 and 128.',
    verdict: 'confirmed',
    source: 'simple-acme',
    reliesOn: ['src/iis/config/ssl-flags.ts'],
    test: test('iis/config/ssl-flags.test.ts', 'every bit up to 128 has its DefaultFlags'),
  },
  {
    id: 'A123',
    belief: 'sslFlags is absent from a new https binding.',
    verdict: 'contradicted',
    source: 'outputs that were published print sslFlags="0"',
    instead: 'Absent and 0 are the same.',
    doubles: [],
    reliesOn: ['src/iis/config/ssl-flags.ts'],
    test: test('iis/config/ssl-flags.test.ts', 'sslFlags: absent, decimal, hexadecimal, junk'),
  },
  {
    id: 'A124',
    belief: 'add, set and start have taken effect when appcmd returns.',
    verdict: 'contradicted',
    source: 'chocolatey quickstart issue 40; the race before the web service has registered the URL',
    instead: 'They take effect later. State and port are waited for, up to 15 seconds.',
    doubles: ['D3'],
    reliesOn: ['src/iis/await-site.ts', 'src/agent/add-binding.ts', 'src/selftest/temporary-site.ts'],
    test: test('iis/await-site.test.ts', 'a site that starts some time after appcmd has ended is waited for'),
  },
  {
    id: 'A125',
    belief: 'A site without a root application can be started.',
    verdict: 'contradicted',
    source: 'improve.dk, azure-pipelines-extensions issue 187, ApplicationInsights-Home issue 475, win-acme issue 785',
    instead: 'start ends with 0x800710D8. The error says what the site lacks.',
    doubles: ['D3'],
    reliesOn: ['src/iis/await-site.ts', 'src/iis/appcmd-status.ts'],
    test: test('iis/await-site.test.ts', 'what does not come in 15 seconds is said, with what is missing'),
  },
  {
    id: 'A126',
    belief: 'set site, or set config with /commit:apphost, writes applicationHost.config.',
    verdict: 'confirmed',
    source: 'IIS documentation',
    reliesOn: [changes],
    test: test('lab/wine/wine-doubles-appcmd.test.ts', 'changes the lines it must and no other octet'),
  },
  {
    id: 'A127',
    belief: 'sslFlags may stand among the keys of a new binding.',
    verdict: 'unknown',
    question: 26,
    meanwhile: 'The binding is added without them, and the flags are set by a second command.',
    reliesOn: [changes],
    test: test('iis/change-sites.test.ts', 'is told the flags of a binding in a command of their own'),
  },
  {
    id: 'A128',
    belief: 'An empty hash of an FTP site means that it has none.',
    verdict: 'unknown',
    question: 27,
    meanwhile: 'The setting is read back; if it did not take, the other form is tried.',
    reliesOn: [changes],
    test: test(
      'iis/change-sites.test.ts',
      'has the FTP certificate cleared where it refuses an empty value, or takes it and keeps the old one',
    ),
  },
  {
    id: 'A129',
    belief: 'The FTP service uses a new hash without a restart.',
    verdict: 'unknown',
    question: 27,
    meanwhile:
      'A handshake shows what visitors get. Where that is the certificate from before, Everbind says so and restores nothing.',
    reliesOn: ['src/deploy/iis-ftp/deployment.ts'],
    test: test(
      'deploy/iis-ftp/deployment.test.ts',
      'fails when it is the wrong name or another certificate, and is a doubt when it is the one from before',
    ),
  },
  {
    id: 'A130',
    belief: 'add backup works under shared configuration.',
    verdict: 'unknown',
    question: 24,
    meanwhile: 'Without a backup nothing is changed.',
    reliesOn: ['src/iis/appcmd-change.ts'],
    test: test('iis/change-sites.test.ts', 'that cannot be made keeps the change from being made'),
  },
  {
    id: 'A131',
    belief: 'appcmd works as SYSTEM, without a console.',
    verdict: 'unknown',
    question: 24,
    meanwhile: 'Ids and states alone are read from what it prints; both are ASCII.',
    reliesOn: ['src/windows/appcmd.ts', inventory],
    test: test(
      'iis/config/appcmd-output.test.ts',
      'ids and states are read in every code page that Windows has for ANSI',
    ),
  },
  {
    id: 'A132',
    belief: 'The version of IIS, the start of its services and the central store are these values of the registry.',
    verdict: 'unknown',
    question: null,
    meanwhile: 'Where a value is absent, Everbind says that the part is not installed.',
    reliesOn: ['src/windows/describe.ts'],
    test: test('ports/windows-host-describe.ts', 'is that of a server with IIS, and of an administrator'),
  },
  {
    id: 'A133',
    belief: 'appcmd follows redirection.config, export keys included.',
    verdict: 'unknown',
    question: 24,
    meanwhile:
      'The redirection is followed by reading the file; where that cannot be read, the answer of appcmd is used and said to be inexact.',
    reliesOn: [configuration, inventory],
    test: test('iis/inventory.test.ts', 'what cannot be read is asked of appcmd, and reported: names may be wrong'),
  },
  {
    id: 'A134',
    belief: 'IIS binds a renewed certificate by itself only through the task for event 1001, when that is switched on.',
    verdict: 'confirmed',
    source: 'IIS documentation (8.5), win-acme issue 22',
    reliesOn: ['src/iis/records/apply.ts'],
    test: test(
      'iis/records/apply.test.ts',
      'restore leaves what somebody else changed meanwhile, restores the rest, and says so',
    ),
  },
];
