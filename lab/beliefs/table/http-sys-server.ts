import { type Belief, test } from '../belief.ts';

const loop = 'src/windows/http/request-loop.ts';
const solver = 'src/challenge/http-01/http-sys.ts';
const contract = 'ports/windows-host-http.ts';

/** http.sys as an HTTP server beside IIS, and the listener beside it. */
export const httpSysServer: readonly Belief[] = [
  {
    id: 'A50',
    belief: 'A prefix with + comes before prefixes with a name, an address or *.',
    verdict: 'confirmed',
    source: 'Microsoft: UrlPrefix Strings',
    reliesOn: [solver],
    test: test('lab/sim-windows/http-sites.test.ts', 'a strong wildcard goes before every site, below its path only'),
  },
  {
    id: 'A51',
    belief: 'http://+:80/.well-known/acme-challenge/ can be registered beside IIS.',
    verdict: 'confirmed',
    source: 'win-acme and simple-acme do so',
    reliesOn: [solver],
    test: test(
      'challenge/sim.test.ts',
      'http.sys: one registration for all challenge responses, removed with the last, and no site is touched',
    ),
  },
  {
    id: 'A52',
    belief: 'Redirects, HSTS, URL Rewrite and ARR of a site do not see requests for that path.',
    verdict: 'confirmed',
    source: 'win-acme issue 1481',
    reliesOn: [solver],
    test: test('lab/sim-windows/http-sites.test.ts', 'a strong wildcard goes before every site, below its path only'),
  },
  {
    id: 'A53',
    belief: 'Another ACME client may hold the prefix for good: 183.',
    verdict: 'confirmed',
    source: 'win-acme issues 1418 and 1481',
    reliesOn: [solver],
    test: test(contract, 'gives a prefix to one registration at a time: 183'),
  },
  {
    id: 'A54',
    belief: 'A port that a program without http.sys has is refused with 32.',
    verdict: 'confirmed',
    source: 'service-fabric issue 856, win-acme issue 767',
    reliesOn: [solver],
    test: test('lab/sim-windows/faults.test.ts', 'a port of another program refuses registrations with 32'),
  },
  {
    id: 'A55',
    belief: 'Without elevation a prefix is refused with 5.',
    verdict: 'confirmed',
    source: 'sdk-api issue 1356',
    reliesOn: [solver, 'src/challenge/http-01/choose-mode.ts'],
    test: test('lab/sim-windows/faults.test.ts', 'without rights every change is refused with 5'),
  },
  {
    id: 'A56',
    belief: 'A prefix that another account has reserved is refused with one of the codes that are known.',
    verdict: 'unknown',
    question: 28,
    meanwhile: 'Every refusal, whatever its number, leads to the next mode; the number is in the message.',
    doubles: ['D17'],
    reliesOn: [solver, 'src/challenge/http-01/auto.ts', 'src/challenge/http-01/choose-mode.ts'],
    test: test('challenge/sim.test.ts', 'auto: a prefix that is reserved for another account (5) leads to webroot', {
      template: 'auto: a prefix that is reserved for another account (${status}) leads to webroot',
    }),
  },
  {
    id: 'A57',
    belief: 'A pending receive takes no pointer for the number of octets; GetOverlappedResult has it.',
    verdict: 'confirmed',
    source: 'Microsoft: HttpReceiveHttpRequest',
    reliesOn: [loop],
    test: test('windows/http-wine.test.ts', 'responds to many at a time, to each with its own body'),
  },
  {
    id: 'A58',
    belief: '16 KiB hold the headers; the buffer has to be aligned.',
    verdict: 'confirmed',
    source: 'Microsoft: HttpReceiveHttpRequest (998 otherwise)',
    reliesOn: [loop],
    test: test('windows/http-wine.test.ts', 'responds to headers that are too long with 431, and goes on'),
  },
  {
    id: 'A59',
    belief: 'After 234 the request is known by the RequestId in the buffer.',
    verdict: 'confirmed',
    source: 'Microsoft: HttpReceiveHttpRequest',
    reliesOn: [loop],
    test: test('windows/http-wine.test.ts', 'responds to headers that are too long with 431, and goes on'),
  },
  {
    id: 'A60',
    belief: 'CancelIoEx on the queue ends all receives within two seconds.',
    verdict: 'unknown',
    question: 28,
    meanwhile: 'The loop waits two seconds at most; then the queue is closed, which ends them.',
    reliesOn: [loop, 'src/windows/http/http-server.ts'],
    test: test('windows/http-wine.test.ts', 'responds to what has arrived before it ends, and can be started again'),
  },
  {
    id: 'A61',
    belief: 'A prefix ends with its process, also when that is killed.',
    verdict: 'unknown',
    question: 28,
    meanwhile:
      'Nothing is cleaned up after a kill. If a prefix stayed, http.sys would refuse it with 183, and the next mode would be used.',
    reliesOn: [solver],
    test: test('challenge/sim.test.ts', 'http.sys: from another process, and gone with it'),
  },
  {
    id: 'A62',
    belief: 'A prefix can be registered again right after its end.',
    verdict: 'unknown',
    question: 28,
    meanwhile: '183 right after the end of a registration is tried again for a short time before it counts.',
    doubles: ['D17'],
    reliesOn: [solver],
    test: test(
      'challenge/sim.test.ts',
      'http.sys: a prefix whose registration ended a moment ago is registered after a while',
    ),
  },
  {
    id: 'A63',
    belief: 'A path that nobody registered gets 404.',
    verdict: 'unknown',
    question: 28,
    meanwhile: 'Nothing depends on it; the contract accepts 404 and 400.',
    reliesOn: [],
    test: test(
      contract,
      'responds below its prefix with host and path of the request, with 404 for null, and with an error elsewhere',
    ),
  },
  {
    id: 'A64',
    belief: 'For the firewall, traffic of http.sys belongs to System.',
    verdict: 'confirmed',
    source: 'win-acme issues 1307 and 1334',
    reliesOn: ['src/windows/firewall/firewall.ts', 'src/challenge/http-01/firewall-doubt.ts'],
    test: test(
      'windows/firewall-wine.test.ts',
      'is not known before there is one, and then lets in what the policy says',
    ),
  },
  {
    id: 'A65',
    belief: 'A listener of our own is reachable from outside where no site uses port 80.',
    verdict: 'contradicted',
    source:
      'the IIS role opens port 80 for System alone (IIS-WebServerRole-HTTP-In-TCP); win-acme issues 1307, 1334, 633',
    instead:
      'Inbound traffic to node.exe is blocked unless a rule allows it. Elevated, http.sys is always used; the listener is the last mode, and only behind a rule that was found.',
    doubles: ['D10'],
    reliesOn: ['src/challenge/http-01/choose-mode.ts', 'src/windows/firewall/judge.ts'],
    test: test(
      'challenge/pebble.test.ts',
      'auto: without an http binding the CA, which asks from outside, gets its response through http.sys',
    ),
  },
  {
    id: 'A66',
    belief: 'Prefixes work without the web service of IIS.',
    verdict: 'confirmed',
    source: 'win-acme issues 1508 and 1533',
    reliesOn: ['src/challenge/http-01/choose-mode.ts'],
    test: test('challenge/sim.test.ts', 'auto: no site on the port, or all stopped: http.sys all the same'),
  },
  {
    id: 'A67',
    belief: 'The URL of a request comes raw and as UTF-16, the Host header raw.',
    verdict: 'confirmed',
    source: 'layout of HTTP_REQUEST in http.h',
    reliesOn: ['src/windows/http/http-message.ts'],
    test: test('windows/structures.test.ts', 'are read without port and query'),
  },
];
