import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type FirewallPolicy, judgeInbound, type ProfileSettings } from '../../src/windows/firewall/judge.ts';
import { type InboundRule, readInboundRule } from '../../src/windows/firewall/rule.ts';

// As a server with the role Web Server has it, and as the prompt of Windows makes it for a program.
const SYSTEM =
  'v2.22|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=80|App=System|Name=@%windir%\\system32\\inetsrv\\iisres.dll,-30501|Desc=@%windir%\\system32\\inetsrv\\iisres.dll,-30504|EmbedCtxt=@%windir%\\system32\\inetsrv\\iisres.dll,-30502|';
const PROGRAM =
  'v2.30|Action=Allow|Active=TRUE|Dir=In|Protocol=6|App=C:\\Program Files\\Everbind\\node.exe|Name=Everbind|Defer=User|';

const every = ['Domain', 'Private', 'Public'];

/** An active inbound rule that allows, with these further fields. */
function rule(...fields: readonly string[]): string {
  return `v2.30|${['Action=Allow', 'Active=TRUE', 'Dir=In', ...fields].join('|')}|`;
}

describe('firewall rules', () => {
  it('are read in the grammar of MS-GPFAS', () => {
    assert.deepEqual(readInboundRule(SYSTEM), {
      action: 'allow',
      profiles: every,
      ports: [[80, 80]],
      program: 'System',
      conditional: false,
    });
    assert.deepEqual(readInboundRule(PROGRAM), {
      action: 'allow',
      profiles: every,
      ports: null,
      program: 'C:\\Program Files\\Everbind\\node.exe',
      conditional: false,
    });
    const many = rule('Protocol=6', 'Profile=Domain', 'Profile=Public', 'LPort=80', 'LPort2_10=8000-8080', 'LPort=RPC');
    assert.deepEqual(readInboundRule(many.replace('Allow', 'Block')), {
      action: 'block',
      profiles: ['Domain', 'Public'],
      ports: [
        [80, 80],
        [8000, 8080],
      ],
      program: null,
      conditional: false,
    });
    // A rule for a keyword alone is for no port of ours.
    assert.deepEqual(readOf(rule('Protocol=6', 'LPort2_10=IPHTTPSIn')).ports, []);
    assert.equal(readOf(rule()).ports, null, 'no protocol is every protocol');
  });

  it('for something else, and those that are off, are none', () => {
    for (const text of [
      rule('Protocol=17', 'LPort=80'),
      rule('Protocol=1', 'ICMP4=8:*'),
      SYSTEM.replace('Active=TRUE', 'Active=FALSE'),
      SYSTEM.replace('Active=TRUE|', ''),
      SYSTEM.replace('Dir=In', 'Dir=Out'),
    ]) {
      assert.equal(readInboundRule(text), null, text);
    }
  });

  it('that hold for some connections only say so, known fields or not', () => {
    for (const field of [
      'RA4=LocalSubnet',
      'RA42=IntErnet',
      'RA6=2001:db8::/32',
      'LA4=192.0.2.1',
      'RPort=49000',
      'IF={12345678-1234-1234-1234-123456789012}',
      'IFType=Wireless',
      'Svc=termservice',
      // Services only: neither http.sys nor a program that somebody started.
      'Svc=*',
      'Security=Authenticate',
      'Security2_9=An-NoEncap',
      'LUAuth=D:(A;;CC;;;S-1-5-32-544)',
      'Platform=2:6:2',
      'TTK2_22=WFDPrint',
      'LPort2_99=80',
      'FromTheFuture=1',
    ]) {
      assert.equal(readOf(rule('Protocol=6', 'LPort=80', field)).conditional, true, field);
    }
    assert.equal(readOf(rule('Protocol=6', 'Edge=TRUE', 'LSM=TRUE', 'Desc=a=b')).conditional, false);
    assert.equal(readOf(SYSTEM.replace('Action=Allow', 'Action=ByPass')).conditional, true);
  });

  it('that are not in the grammar are unreadable', () => {
    for (const text of [
      '',
      'v2.30',
      'v2.30|',
      'v2|Action=Allow|Active=TRUE|Dir=In|',
      SYSTEM.slice(0, -1),
      SYSTEM.replace('|Dir=In', ''),
      SYSTEM.replace('Dir=In', 'Dir=Sideways'),
      SYSTEM.replace('Action=Allow', 'Action=Perhaps'),
      SYSTEM.replace('Action=Allow|', ''),
      SYSTEM.replace('Action=Allow', 'Action=Allow|Action=Block'),
      SYSTEM.replace('Protocol=6', 'Protocol=TCP'),
      // Not a rule for every program, protocol or service.
      SYSTEM.replace('App=System', 'App=System|App=C:\\other.exe'),
      SYSTEM.replace('Protocol=6', 'Protocol=6|Protocol=17'),
      SYSTEM.replace('Active=TRUE', 'Active=TRUE|Active=FALSE'),
      SYSTEM.replace('LPort=80', 'LPort'),
      SYSTEM.replace('LPort=80', '=80'),
      rule('Protocol=6', 'LPort=80').slice(1),
    ]) {
      assert.equal(readInboundRule(text), 'unreadable', text);
    }
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
        const found = readInboundRule(`v2.30|${text}|`);
        assert.ok(found === null || found === 'unreadable' || found.action === 'allow' || found.action === 'block');
      }),
    );
  });
});

const on: ProfileSettings = { enabled: true, blocksAll: false, allowsByDefault: false, mergesLocalRules: true };

interface Situation {
  readonly local?: readonly string[];
  readonly policy?: readonly string[];
  readonly all?: Partial<ProfileSettings>;
  readonly publicAlone?: Partial<ProfileSettings>;
  readonly incomplete?: boolean;
}

function accessTo(program: 'system' | 'node', situation: Situation): string {
  const { local = [], policy = [], all = {}, publicAlone = {}, incomplete = false } = situation;
  const settings = { ...on, ...all };
  const judged: FirewallPolicy = {
    profiles: { Domain: settings, Private: settings, Public: { ...settings, ...publicAlone } },
    localRules: local.map(readOf),
    policyRules: policy.map(readOf),
    incomplete,
  };
  const path = program === 'system' ? 'system' : 'c:\\program files\\everbind\\node.exe';
  return judgeInbound(judged, { port: 80, program: path }, (text) =>
    text.replace('%ProgramFiles%', 'C:\\Program Files').toLowerCase(),
  );
}

function readOf(text: string): InboundRule {
  const found = readInboundRule(text);
  assert.ok(found !== null && found !== 'unreadable', text);
  return found;
}

const BLOCK = SYSTEM.replace('Action=Allow', 'Action=Block');
const PRIVATE = SYSTEM.replace('Protocol=6', 'Protocol=6|Profile=Domain|Profile=Private');
const SUBNET = SYSTEM.replace('LPort=80', 'LPort=80|RA4=LocalSubnet');

const situations: readonly (readonly [what: string, situation: Situation, system: string, node: string])[] = [
  ['no rule', {}, 'blocked', 'blocked'],
  ['the rule of IIS, which is for System', { local: [SYSTEM] }, 'allowed', 'blocked'],
  ['a rule for our program, which is not for http.sys', { local: [PROGRAM] }, 'blocked', 'allowed'],
  ['with a variable', { local: [PROGRAM.replace('C:\\Program Files', '%ProgramFiles%')] }, 'blocked', 'allowed'],
  ['a rule for the port alone', { local: [rule('Protocol=6', 'LPort=80')] }, 'allowed', 'allowed'],
  ['a range', { local: [rule('Protocol=6', 'LPort2_10=79-81')] }, 'allowed', 'allowed'],
  ['another port', { local: [rule('Protocol=6', 'LPort=8080', 'LPort2_10=81-90')] }, 'blocked', 'blocked'],
  ['a rule that blocks outweighs', { local: [SYSTEM, BLOCK, PROGRAM] }, 'blocked', 'allowed'],
  ['a policy that blocks outweighs', { local: [SYSTEM], policy: [BLOCK] }, 'blocked', 'blocked'],
  ['a rule for some addresses', { local: [SUBNET] }, 'unknown', 'blocked'],
  ['a rule that blocks some', { local: [SYSTEM, SUBNET.replace('Allow', 'Block')] }, 'unknown', 'blocked'],
  ['a rule for two of three networks', { local: [PRIVATE] }, 'unknown', 'blocked'],
  [
    'that and the firewall off on the third',
    { local: [PRIVATE], publicAlone: { enabled: false } },
    'allowed',
    'unknown',
  ],
  [
    'local rules that Group Policy ignores',
    { local: [SYSTEM], all: { mergesLocalRules: false } },
    'blocked',
    'blocked',
  ],
  ['a rule of Group Policy', { policy: [SYSTEM], all: { mergesLocalRules: false } }, 'allowed', 'blocked'],
  ['ignored on one network', { local: [SYSTEM], publicAlone: { mergesLocalRules: false } }, 'unknown', 'blocked'],
  ['the firewall is off', { all: { enabled: false } }, 'allowed', 'allowed'],
  ['nobody says whether it is on', { local: [SYSTEM], all: { enabled: null } }, 'unknown', 'unknown'],
  ['everything is blocked', { local: [SYSTEM], all: { blocksAll: true } }, 'blocked', 'blocked'],
  ['everything is allowed', { all: { allowsByDefault: true } }, 'allowed', 'allowed'],
  ['a rule that could not be read', { local: [SYSTEM], incomplete: true }, 'unknown', 'unknown'],
];

describe('whether a connection comes in', () => {
  for (const [what, situation, system, node] of situations) {
    it(what, () => {
      assert.deepEqual([accessTo('system', situation), accessTo('node', situation)], [system, node]);
    });
  }
});
