import { entries } from './entry.ts';

export const CHALLENGE_ERRORS = entries({
  CHALLENGE_PRESENT_FAILED: {
    exit: 1,
    meaning: { resume: 'continue', blames: 'host' },
    summary: 'The answer to a challenge could not be put where the CA looks for it.',
    action: 'The message and the reason in the details say what stood in the way; docs/challenges.md has each reason.',
  },
  CHALLENGE_SELF_CHECK_FAILED: {
    exit: 1,
    meaning: { resume: 'continue', blames: 'host' },
    summary: 'The answer to a challenge cannot be seen the way the CA would look at it, so the CA was not asked.',
    action: 'The message says what was seen and what to change; docs/challenges.md has each reason.',
  },
  CHALLENGE_CLEANUP_FAILED: {
    exit: 1,
    summary: 'The answer to a challenge could not be removed again.',
    action: 'Remove what the details name by hand; it is no secret and it proves nothing any more.',
  },
  CHALLENGE_UNSUPPORTED: {
    exit: 2,
    meaning: { blames: 'host' },
    summary: 'A name cannot be proved by the challenge that is configured for it.',
    action:
      'Wildcards need dns-01 or dns-persist-01, IP addresses http-01 or tls-alpn-01; give such names a rule of their own under challenges.',
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
