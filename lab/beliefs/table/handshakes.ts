import { type Belief, noTest, test } from '../belief.ts';

const probe = 'src/verify/tls-probe.ts';
const handshakes = 'src/deploy/iis/handshakes.ts';
const judged = 'src/deploy/iis/judge-handshakes.ts';

/** What a visitor gets, and what a handshake from this machine shows of it. */
export const tlsHandshakes: readonly Belief[] = [
  {
    id: 'A105',
    belief: 'The chain that is sent is the one that the CA sent.',
    verdict: 'contradicted',
    source:
      'SChannel builds the path from the stores of the machine (dotnet/runtime issue 43879); field reports on cross-signed roots',
    instead:
      'What is sent has to lead to a trusted root. Another good path is a note; a missing intermediate, or a path that only this machine completes, is a finding with its remedy.',
    doubles: ['D20'],
    reliesOn: ['src/verify/judge-served.ts'],
    test: test(
      'renewal/deployment/served-chain.test.ts',
      'a machine that trusts the self-signed twin of a cross-signed root serves the shorter chain: renewed, with a note',
    ),
  },
  {
    id: 'A106',
    belief: 'The leaf that is served is the one of the record.',
    verdict: 'contradicted',
    source: 'microsoft/IIS.Common issue 31 (CERT_RENEWAL_PROP_ID)',
    instead: 'After restoring, what is served is compared with what was served before the change, not with the record.',
    doubles: ['D8'],
    reliesOn: [judged],
    test: test(
      'deploy/iis/renewal-property.test.ts',
      'a failed adoption is undone where another certificate was served than the record had',
    ),
  },
  {
    id: 'A107',
    belief: 'The chain is built when credentials are acquired, and kept from then on.',
    verdict: 'confirmed',
    source: 'dotnet/runtime issue 43879',
    reliesOn: ['src/verify/judge-served.ts'],
    test: test(
      'lab/sim-windows/served-chain.test.ts',
      'the path is kept until the record is written again, whatever becomes of the stores',
    ),
  },
  {
    id: 'A108',
    belief: 'TLS 1.3 is served from Windows Server 2022 on.',
    verdict: 'confirmed',
    source: 'sslscan issues 262 and 280',
    reliesOn: [probe],
    test: test('verify/tls-probe.test.ts', 'TLS 1.2 is enough, TLS 1.1 is not'),
  },
  {
    id: 'A109',
    belief: "Node's first message has what Windows Server 2019 asks for (the signal for secure renegotiation).",
    verdict: 'confirmed',
    source: 'sslscan issue 280',
    reliesOn: [probe],
    test: noTest('the double is OpenSSL, which does not ask for it'),
  },
  {
    id: 'A110',
    belief: 'Windows Server 2016 and 2019 accept the first message of OpenSSL 3.5, with its large key share.',
    verdict: 'unknown',
    question: 22,
    meanwhile: 'A handshake that the server ends is tried once more with classic groups alone.',
    reliesOn: [probe, handshakes],
    test: test(
      'deploy/iis/before.test.ts',
      'a server that does not understand a long ClientHello is asked once more with a short one',
    ),
  },
  {
    id: 'A111',
    belief: 'Whatever fails after a change fails because of it.',
    verdict: 'contradicted',
    source: 'diyan/pywinrm issue 363 and other reports of servers whose handshakes fail for reasons of their own',
    instead:
      'Everbind makes a handshake with every endpoint before the change. Afterwards only what worked before, or fails in a new way, counts.',
    doubles: ['D9'],
    reliesOn: [handshakes, judged],
    test: test(
      'deploy/iis/before.test.ts',
      'a server that failed every handshake before the change is not rolled back for it: nothing above TLS 1.1 is on',
      {
        template: 'a server that failed every handshake before the change is not rolled back for it: ${name}',
      },
    ),
  },
  {
    id: 'A112',
    belief: 'Ten seconds are enough for the first handshake after a change.',
    verdict: 'unknown',
    question: 20,
    meanwhile: 'A handshake that times out, and no other, is tried twice more, with more time.',
    doubles: ['D9'],
    reliesOn: [handshakes],
    test: test(
      'deploy/iis/before.test.ts',
      'the first handshake after a change is slow: it is waited for, and only then judged',
    ),
  },
  {
    id: 'A113',
    belief: 'A handshake without a client certificate completes where one is asked for.',
    verdict: 'unknown',
    question: 22,
    meanwhile: 'If it does not complete, it did not before the change either, and nothing is rolled back.',
    doubles: ['D9'],
    reliesOn: [handshakes, judged],
    test: test(
      'deploy/iis/before.test.ts',
      'a client certificate is asked for: the handshake of a client without one shows what is served',
    ),
  },
  {
    id: 'A114',
    belief: 'Without an offered session each handshake shows the certificate.',
    verdict: 'confirmed',
    source: 'RFC 8446 section 2.2, RFC 5246 section 7.3; the probe keeps no session',
    reliesOn: [probe],
    test: test('verify/tls-probe.test.ts', 'a second probe resumes no session, and so sees the certificate'),
  },
  {
    id: 'A115',
    belief: 'A handshake with an address has no SNI.',
    verdict: 'confirmed',
    source: 'RFC 6066 section 3',
    reliesOn: [probe],
    test: test('verify/tls-probe.test.ts', 'the host goes out as SNI in A-labels; none for no host and for an address'),
  },
  {
    id: 'A116',
    belief: 'A handshake over loopback shows what visitors get.',
    verdict: 'unknown',
    question: 17,
    meanwhile:
      'Everbind probes a binding to an address at that address, and also each address whose record may shadow a host.',
    doubles: ['D7'],
    reliesOn: ['src/iis/plan/endpoints.ts', judged, 'src/windows/http/endpoints.ts'],
    test: test(
      'deploy/iis/rival.test.ts',
      'a record of the very address at which a binding to every address is looked at rolls nothing back',
    ),
  },
  {
    id: 'A117',
    belief: 'Every address of a binding belongs to this machine.',
    verdict: 'contradicted',
    source: 'the code itself: bindings to cluster addresses stand in the configuration of every node',
    instead: 'Everbind does not probe addresses that the machine does not have; the outcome says address-absent.',
    doubles: ['D1'],
    reliesOn: ['src/windows/http/endpoints.ts', 'src/iis/config/bound-address.ts', handshakes],
    test: test(
      'deploy/iis/addresses.test.ts',
      'an address of a cluster that this machine does not have now is not probed: old-certificate',
      {
        template: 'an address of a cluster that this machine does not have now is not probed: ${answer}',
      },
    ),
  },
];
