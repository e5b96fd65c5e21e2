import type { ChallengeConfig } from '../../config/types.ts';

/** Describes a challenge in a few words; never a setting, which may be a secret. */
export function challengeText(challenge: ChallengeConfig): string {
  switch (challenge.type) {
    case 'http-01':
      return `http-01 (${challenge.mode})`;
    case 'tls-alpn-01':
      return `tls-alpn-01 (port ${challenge.port})`;
    case 'dns-persist-01':
      return challenge.type;
    case 'dns-01':
    case 'dns-account-01':
      return `${challenge.type} (${challenge.provider}${'command' in challenge ? ` ${challenge.command[0] ?? ''}` : ''})`;
  }
}
