import type { InboundAccess } from '../../ports/windows-host.ts';
import { type InboundRule, type Profile, PROFILES } from './rule.ts';

/** Settings of one network profile, those of Group Policy before those of the machine. */
export interface ProfileSettings {
  /** null: nobody has said. */
  readonly enabled: boolean | null;
  /** Whatever the rules say. */
  readonly blocksAll: boolean;
  /** What no rule is about comes in. */
  readonly allowsByDefault: boolean;
  /** false: Group Policy has the rules of the machine ignored (AllowLocalPolicyMerge). */
  readonly mergesLocalRules: boolean;
}

/** Everything that decides whether a connection comes in, as the registry has it. */
export interface FirewallPolicy {
  readonly profiles: Readonly<Record<Profile, ProfileSettings>>;
  readonly localRules: readonly InboundRule[];
  readonly policyRules: readonly InboundRule[];
  /** Some rule could not be read. */
  readonly incomplete: boolean;
}

/**
 * Whether TCP connections from anywhere to `port` reach `program` (canonical: no variables, lower case; `system` for
 * http.sys). Which profile is in force is not looked for: where they differ, and where a rule holds for some
 * connections only, nothing is known. `canonical`: of the program of a rule.
 */
export function judgeInbound(
  policy: FirewallPolicy,
  { port, program }: { readonly port: number; readonly program: string },
  canonical: (program: string) => string,
): InboundAccess {
  const concerns = ({ ports, program: only }: InboundRule): boolean =>
    (ports === null || ports.some(([first, last]) => first <= port && port <= last)) &&
    (only === null || canonical(only) === program);
  const [local, byPolicy] = [policy.localRules.filter(concerns), policy.policyRules.filter(concerns)];
  const verdicts = new Set(
    PROFILES.map((profile) => {
      const settings = policy.profiles[profile];
      const rules = settings.mergesLocalRules ? [...byPolicy, ...local] : byPolicy;
      const own = rules.filter(({ profiles }) => profiles.includes(profile));
      return judgeProfile(settings, own, policy.incomplete);
    }),
  );
  const [first = 'unknown'] = verdicts;
  return verdicts.size === 1 ? first : 'unknown';
}

/** A rule that blocks outweighs all that allow. */
function judgeProfile(
  { enabled, blocksAll, allowsByDefault }: ProfileSettings,
  rules: readonly InboundRule[],
  incomplete: boolean,
): InboundAccess {
  if (enabled === null) return 'unknown';
  if (!enabled) return 'allowed';
  if (blocksAll || rules.some(({ action, conditional }) => action === 'block' && !conditional)) return 'blocked';
  const allowed = allowsByDefault || rules.some(({ action, conditional }) => action === 'allow' && !conditional);
  if (incomplete) return 'unknown';
  if (allowed) return rules.some(({ action }) => action === 'block') ? 'unknown' : 'allowed';
  return rules.some(({ action }) => action === 'allow') ? 'unknown' : 'blocked';
}
