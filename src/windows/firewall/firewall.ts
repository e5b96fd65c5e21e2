import { WindowsError } from '../../errors/error.ts';
import type { InboundAccess, InboundReceiver } from '../../ports/windows-host.ts';
import { expandVariables } from '../files/variables.ts';
import type { Native } from '../ffi/native.ts';
import { registryNumber, registryTexts } from '../registry.ts';
import { judgeInbound, type FirewallPolicy, type ProfileSettings } from './judge.ts';
import { type InboundRule, readInboundRule } from './rule.ts';

const SERVICE_KEY = 'SYSTEM\\CurrentControlSet\\Services\\MpsSvc';
/** SERVICE_DISABLED of winsvc.h. */
const DISABLED = 4;
const LOCAL_KEY = 'SYSTEM\\CurrentControlSet\\Services\\SharedAccess\\Parameters\\FirewallPolicy';
const POLICY_KEY = 'SOFTWARE\\Policies\\Microsoft\\WindowsFirewall';
/** What Windows calls http.sys and the rest of its kernel in a rule. */
const KERNEL = 'system';

/**
 * Whether Windows Defender Firewall lets connections from outside to a TCP port reach http.sys or this program, by the
 * rules that are in the registry. Firewalls of others are not seen. `unknown` also where the registry may not be read.
 */
export function inboundAccess(native: Native, port: number, receiver: InboundReceiver): InboundAccess {
  try {
    const start = registryNumber(native, SERVICE_KEY, 'Start');
    if (start === null || start === DISABLED) return 'unknown';
    const program = receiver === 'http.sys' ? KERNEL : canonical(process.execPath);
    return judgeInbound(readPolicy(native), { port, program }, canonical);
  } catch (error) {
    if (error instanceof WindowsError) return 'unknown';
    throw error;
  }
}

function canonical(program: string): string {
  return expandVariables(program).toLowerCase();
}

function readPolicy(native: Native): FirewallPolicy {
  const local = readRules(native, `${LOCAL_KEY}\\FirewallRules`);
  const byPolicy = readRules(native, `${POLICY_KEY}\\FirewallRules`);
  return {
    profiles: {
      // The private profile had the name StandardProfile; old policies for it hold for public networks as well.
      Domain: readProfile(native, 'DomainProfile', ['DomainProfile']),
      Private: readProfile(native, 'StandardProfile', ['PrivateProfile', 'StandardProfile']),
      Public: readProfile(native, 'PublicProfile', ['PublicProfile', 'StandardProfile']),
    },
    localRules: local.rules,
    policyRules: byPolicy.rules,
    incomplete: local.incomplete || byPolicy.incomplete,
  };
}

function readProfile(native: Native, local: string, policies: readonly string[]): ProfileSettings {
  const keys = [...policies.map((name) => `${POLICY_KEY}\\${name}`), `${LOCAL_KEY}\\${local}`];
  // [MS-GPFAS] 2.2.3.
  const setting = (name: string): number | null => {
    for (const key of keys) {
      const value = registryNumber(native, key, name);
      if (value !== null) return value;
    }
    return null;
  };
  const enabled = setting('EnableFirewall');
  return {
    enabled: enabled === null ? null : enabled !== 0,
    blocksAll: (setting('DoNotAllowExceptions') ?? 0) !== 0,
    allowsByDefault: setting('DefaultInboundAction') === 0,
    mergesLocalRules: setting('AllowLocalPolicyMerge') !== 0,
  };
}

function readRules(
  native: Native,
  key: string,
): { readonly rules: readonly InboundRule[]; readonly incomplete: boolean } {
  const read = registryTexts(native, key).map((text) => (text === null ? 'unreadable' : readInboundRule(text)));
  const rules = read.filter((rule) => rule !== null);
  return {
    rules: rules.filter((rule) => rule !== 'unreadable'),
    incomplete: rules.includes('unreadable'),
  };
}
