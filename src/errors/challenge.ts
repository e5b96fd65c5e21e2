import { entries } from './entry.ts';

export const CHALLENGE_ERRORS = entries({
  CHALLENGE_PRESENT_FAILED: {
    exit: 1,
    meaning: { resume: 'continue', blames: 'host' },
    summary: 'A challenge response could not be placed where the CA looks for it.',
    action: 'The message and the reason in the details say why; docs/challenges.md has each reason.',
  },
  CHALLENGE_SELF_CHECK_FAILED: {
    exit: 1,
    meaning: { resume: 'continue', blames: 'host' },
    summary: 'A challenge response cannot be seen the way the CA looks at it, so the CA was not asked to validate.',
    action: 'The message says what was seen and what to change; docs/challenges.md has each reason.',
  },
  CHALLENGE_CLEANUP_FAILED: {
    exit: 1,
    summary: 'A challenge response could not be removed.',
    action: 'Remove by hand what the details name. It is not secret, and no CA accepts it any more.',
  },
  CHALLENGE_UNSUPPORTED: {
    exit: 2,
    meaning: { blames: 'host' },
    summary: 'A name cannot be validated by the challenge that is configured for it.',
    action:
      'Wildcards need dns-01 or dns-persist-01, IP addresses http-01 or tls-alpn-01; add a rule for such names under challenges.',
  },
  CHALLENGE_PORT_IN_USE: {
    exit: 5,
    meaning: { resume: 'continue', blames: 'host' },
    summary: 'Another program owns the port that the CA connects to.',
    action:
      'Find it (netstat -abno on Windows, ss -ltnp on Linux) and stop it, or use mode http.sys or webroot where that program is IIS.',
  },
  CHALLENGE_TOKEN_INVALID: {
    exit: 1,
    summary: 'The CA sent a token that cannot be a file name.',
    action: 'Nothing was written. Check that the directory URL belongs to an ACME CA.',
  },
});
