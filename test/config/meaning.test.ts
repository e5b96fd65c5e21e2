import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { challengeFor, challengesFor } from '../../src/config/challenge-for.ts';
import { ConfigError } from '../../src/config/config-problem.ts';
import { placesOf, problemsOf, read } from './read-text.ts';

const ISSUERS = `version: 1
issuers:
  - name: first
    directory: https://ca.example/directory
  - name: second
    directory: https://ca2.example/directory
`;

describe('what a file means', () => {
  it('the least file gets every default', () => {
    const config = read(`version: 1
issuers: [{ name: main, directory: "https://CA.example" }]
certificates: [{ name: shop, names: [Shop.Example.com., bücher.example, "2001:DB8:0:0::1", 192.0.2.7] }]
`);
    assert.deepEqual(config.engine, { concurrency: 64 });
    assert.deepEqual(config.warnings, []);
    assert.deepEqual(config.issuers, [
      {
        name: 'main',
        directory: 'https://ca.example/',
        staging: null,
        contacts: [],
        termsOfServiceAgreed: false,
        accountKey: 'ec-p256',
        accountKeyRolloverDays: 90,
        externalAccountBinding: null,
        profile: null,
        preferredIssuer: null,
        maxNames: null,
        limits: null,
        trustRoots: [],
        certificateRoots: [],
        allowInsecureLoopback: false,
      },
    ]);
    assert.deepEqual(config.certificates, [
      {
        name: 'shop',
        identifiers: [
          { type: 'dns', value: 'shop.example.com' },
          { type: 'dns', value: 'xn--bcher-kva.example' },
          { type: 'ip', value: '2001:db8::1' },
          { type: 'ip', value: '192.0.2.7' },
        ],
        key: { algorithm: 'ec-p256', provider: 'software', reuse: false },
        issuers: ['main'],
        challenges: [{ patterns: ['*'], challenge: { type: 'http-01', mode: 'auto', path: null, port: 80 } }],
        deployments: [{ type: 'iis', sites: null, adopt: false, store: 'WebHosting', adoptForeignAppIds: [] }],
        keepOld: 1,
        maintenance: null,
      },
    ]);
  });

  it('defaults fill what a certificate leaves out; key is merged field by field', () => {
    const config = read(`${ISSUERS}defaults:
  issuers: [second, first]
  key: { algorithm: rsa-3072, provider: Acme HSM Provider, reuse: true }
  challenge: { type: http-01, mode: listener, port: 8080 }
  deployments: []
  keepOld: 4
certificates:
  - name: a
    names: [a.example.com]
  - name: b
    names: [b.example.com]
    issuers: [first]
    key: { algorithm: ec-p384, provider: software }
    challenge: { type: http-01 }
    deployments: [{ type: iis, sites: [B, "id:7"] }]
    keepOld: 0
`);
    const [a, b] = config.certificates;
    assert.deepEqual(
      [a?.issuers, a?.key, a?.deployments, a?.keepOld],
      [['second', 'first'], { algorithm: 'rsa-3072', provider: 'Acme HSM Provider', reuse: true }, [], 4],
    );
    assert.deepEqual(a?.challenges[0]?.challenge, { type: 'http-01', mode: 'listener', path: null, port: 8080 });
    assert.deepEqual(
      [b?.issuers, b?.key, b?.keepOld],
      [['first'], { algorithm: 'ec-p384', provider: 'software', reuse: true }, 0],
    );
    assert.deepEqual(b?.challenges[0]?.challenge, { type: 'http-01', mode: 'auto', path: null, port: 80 });
    assert.deepEqual(b?.deployments, [
      { type: 'iis', sites: ['B', 'id:7'], adopt: false, store: 'WebHosting', adoptForeignAppIds: [] },
    ]);
  });

  it('a loopback directory over plain http needs the flag and nothing more', () => {
    for (const host of ['127.0.0.1:14000', '[::1]:14000', 'localhost']) {
      const config = read(`version: 1
issuers: [{ name: lab, directory: "http://${host}/dir", allowInsecureLoopback: true }]
`);
      assert.equal(config.issuers[0]?.directory, `http://${host}/dir`);
    }
  });

  it("the staging environment of Let's Encrypt is known; what the file says counts for more", () => {
    const staging = (directory: string, line = ''): string | null | undefined =>
      read(`version: 1\nissuers: [{ name: main, directory: "${directory}"${line} }]\n`).issuers[0]?.staging;
    const production = 'https://acme-v02.api.letsencrypt.org/directory';
    const known = 'https://acme-staging-v02.api.letsencrypt.org/directory';
    assert.equal(staging(production), known);
    assert.equal(staging('https://ACME-v02.api.letsencrypt.org:443/directory'), known);
    assert.equal(staging(production, ', staging: false'), null);
    assert.equal(staging(production, ', staging: "https://other.example/dir"'), 'https://other.example/dir');
    assert.equal(staging(known), null);
    assert.equal(staging('https://ca.example/directory'), null);
    assert.equal(
      staging('https://ca.example/directory', ', staging: "https://Ca.example/try"'),
      'https://ca.example/try',
    );
  });

  it('relative programs start at the folder of the file', () => {
    const text = (program: string) => `version: 1
issuers: [{ name: main, directory: "https://ca.example/" }]
certificates:
  - name: w
    names: ["*.example.com"]
    challenge: { type: dns-01, provider: exec, command: ['${program}', --zone, ''] }
`;
    const command = (program: string) => {
      const challenge = read(text(program)).certificates[0]?.challenges[0]?.challenge;
      return challenge?.type === 'dns-01' && 'command' in challenge ? challenge.command : null;
    };
    assert.deepEqual(command('./hooks/dns'), ['/etc/everbind/hooks/dns', '--zone', '']);
    assert.deepEqual(command('../dns'), ['/etc/dns', '--zone', '']);
    assert.deepEqual(command('/usr/bin/dns'), ['/usr/bin/dns', '--zone', '']);
    assert.deepEqual(command('C:\\hooks\\dns.exe'), ['C:\\hooks\\dns.exe', '--zone', '']);
    assert.deepEqual(
      read(text('./hooks/dns')).warnings.map(({ code, path, line }) => [code, path, line]),
      [['program-missing', 'certificates[0].challenge.command[0]', 6]],
    );
  });

  it('a DNS provider has its settings as text, and secrets as references', () => {
    const [certificate] = read(`version: 1
issuers: [{ name: main, directory: "https://ca.example/" }]
certificates:
  - name: w
    names: ["*.example.com"]
    challenge:
      type: dns-01
      provider: powerdns
      settings: { endpoint: "http://127.0.0.1:8081", apiKey: secret:PDNS, ttl: 30 }
      allowInsecureLoopback: true
      propagation: { timeoutSeconds: 300, publicResolvers: [1.1.1.1, "[2606:4700:4700::1111]:53"] }
`).certificates;
    assert.deepEqual(certificate?.challenges[0]?.challenge, {
      type: 'dns-01',
      provider: 'powerdns',
      settings: { endpoint: 'http://127.0.0.1:8081', apiKey: 'secret:PDNS', ttl: '30' },
      allowInsecureLoopback: true,
      propagation: { timeoutSeconds: 300, publicResolvers: ['1.1.1.1', '[2606:4700:4700::1111]:53'] },
    });
  });

  it('the first challenge that fits a name is taken', () => {
    const [certificate] = read(`version: 1
issuers: [{ name: main, directory: "https://ca.example/" }]
certificates:
  - name: mixed
    names: [example.com, "*.example.com", a.example.com, "*.b.example.com", 192.0.2.7]
    challenges:
      - { names: [A.example.com], type: http-01, port: 1 }
      - { names: ["*.example.com"], type: dns-01, provider: exec, command: [/bin/true] }
      - { names: ["*"], type: http-01, port: 3 }
`).certificates;
    assert.ok(certificate);
    const chosen = certificate.identifiers.map((identifier) => {
      const challenge = challengeFor(certificate, identifier);
      return challenge?.type === 'http-01' ? challenge.port : challenge?.type;
    });
    assert.deepEqual(chosen, [3, 'dns-01', 1, 'dns-01', 3]);
    assert.equal(challengeFor({ challenges: [] }, { type: 'dns', value: 'example.com' }), null);
  });

  it('auto has its challenges in order, and for each name the first that can validate it', () => {
    const [listed, silent] = read(`version: 1
issuers: [{ name: main, directory: "https://ca.example/" }]
certificates:
  - name: listed
    names: [example.com, "*.example.com", 192.0.2.7]
    challenge: { type: auto, of: [{ type: dns-persist-01 }, { type: http-01, port: 8080 }] }
  - name: silent
    names: [b.example.com]
    challenge: { type: auto }
`).certificates;
    assert.ok(listed !== undefined && silent !== undefined);
    const types = listed.identifiers.map((identifier) => challengeFor(listed, identifier)?.type);
    assert.deepEqual(types, ['dns-persist-01', 'dns-persist-01', 'http-01']);
    const [name = { type: 'dns', value: '' } as const] = silent.identifiers;
    assert.deepEqual(
      challengesFor(silent, name).map(({ type }) => type),
      ['http-01', 'tls-alpn-01'],
    );
  });

  it('odd things are warnings with a place', () => {
    const { warnings } = read(`${ISSUERS}certificates:
  - name: a
    names: [x.example.com, "*.example.com"]
    issuers: [first]
    challenge: { type: dns-01, provider: exec, command: [/bin/true] }
  - name: b
    names: [y.example.com, X.example.com]
    issuers: [first]
`);
    assert.deepEqual(
      warnings.map(({ code, line, column, path }) => [code, line, column, path]),
      [
        ['name-in-two-certificates', 13, 28, 'certificates[1].names[1]'],
        ['name-covered-by-wildcard', 9, 13, 'certificates[0].names[0]'],
        ['issuer-unused', 5, 11, 'issuers[1].name'],
      ],
    );
  });
});

describe('several things wrong', () => {
  const text = `version: 1
issuer: []
issuers:
  - name: Le
    directory: http://ca.example/
    trustRoots: [nope.pem]
  - name: ok
    directory: https://ca.example/
    trustRoots: [nope.pem]
certificates:
  - name: shop
    names: [a_b.example, 5]
    keepOld: many
  - name: shop
    names: ["*.example.com"]
    issuers: [okay]
`;

  it('all of them are told at once, in the order of the file', () => {
    assert.deepEqual(placesOf(problemsOf(text)), [
      '2:1 issuer',
      '4:11 issuers[0].name',
      '9:18 issuers[1].trustRoots[0]',
      '12:13 certificates[0].names[0]',
      '12:26 certificates[0].names[1]',
      '13:14 certificates[0].keepOld',
      '14:11 certificates[1].name',
      '15:13 certificates[1].names[0]',
      '16:15 certificates[1].issuers[0]',
    ]);
  });

  it('the error carries code, exit status, details and one line for each', () => {
    assert.throws(
      () => read(text),
      (error) => {
        assert.ok(error instanceof ConfigError);
        assert.equal(error.code, 'CONFIG_INVALID');
        assert.equal(error.exitStatus, 2);
        assert.equal(error.details['count'], 9);
        const [, second] = error.message.split('\n');
        assert.equal(
          second,
          '  everbind.yaml:2:1: issuer: found the unknown key "issuer", expected one of the keys version, engine, issuers, defaults, certificates; did you mean "issuers"?',
        );
        return true;
      },
    );
  });

  it('wrong defaults are told once, not with every certificate', () => {
    const wrong = `${ISSUERS}defaults:
  issuers: firts
certificates:
${Array.from({ length: 20 }, (_, index) => `  - { name: c${index}, names: [c${index}.example.com] }\n`).join('')}`;
    assert.deepEqual(placesOf(problemsOf(wrong)), ['8:12 defaults.issuers']);
  });

  it('a flood of problems is cut', () => {
    const flood = `${ISSUERS}certificates:\n${'  - { name: A, names: [a_b] }\n'.repeat(5000)}`;
    assert.throws(
      () => read(flood),
      (error) => {
        assert.ok(error instanceof ConfigError);
        assert.equal(error.problems.length, 1000);
        assert.ok(error.message.length < 20_000);
        return true;
      },
    );
  });

  it('control characters of the file do not reach the terminal', () => {
    const [problem] = problemsOf(`${ISSUERS}"\\e[31m\\u202e": 1\n`);
    assert.ok(problem);
    const wild = Array.from(`${problem.found}${problem.path}`).filter((char) => {
      const code = char.codePointAt(0) ?? 0;
      return code < 0x20 || (code >= 0x7f && code < 0xa0) || code === 0x202e;
    });
    assert.deepEqual(wild, []);
  });
});
