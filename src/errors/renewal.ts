import { entries } from './entry.ts';

export const RENEWAL_ERRORS = entries({
  RENEWAL_UNKNOWN_CERTIFICATE: {
    exit: 2,
    summary: 'No managed certificate has this name.',
    action: 'See everbind list for the names; everbind add declares a new one.',
  },
  RENEWAL_NOTHING_ISSUED: {
    exit: 2,
    summary: 'No certificate was issued for this name yet.',
    action: 'Run everbind renew NAME first.',
  },
  RENEWAL_NO_ACCOUNT: {
    exit: 2,
    summary: 'There is no account with an issuer of this name yet.',
    action: 'See everbind status for the accounts; the first renewal with an issuer registers one.',
  },
  RENEWAL_NO_PREVIOUS: {
    exit: 1,
    summary: 'There is no earlier certificate to go back to.',
    action: 'Only one that Everbind issued, that is still valid and that keepOld has kept can be put back.',
  },
  RENEWAL_UNDER_WAY: {
    exit: 1,
    summary: 'A renewal of this certificate, or what it needs, is not finished.',
    action: 'See the message for what stands in the way, then run the command again.',
  },
  RENEWAL_DEADLINE: {
    exit: 1,
    meaning: { resume: 'continue' },
    summary: 'A step of the renewal took longer than it may, and was stopped so that nothing else waits for it.',
    action:
      'Nothing to do if it happens once: the next attempt goes on with the same order. If it stays, see the message for what was waited for; everbind check NAME looks at the CA, DNS and the challenge.',
  },
  RENEWAL_ISSUER_CLOSED: {
    exit: 1,
    summary: 'The last attempts with every issuer of this certificate failed, so none of them is asked for now.',
    action:
      'Nothing to do: one certificate asks again before long, and the others follow when it succeeds. See everbind status. everbind renew NAME --force asks at once.',
  },
  RENEWAL_RATE_LIMITED: {
    exit: 1,
    summary: 'The limits of every issuer of this certificate are spent for now, by the count that Everbind keeps.',
    action:
      'Nothing to do: it is renewed when there is room again. See everbind status. Another issuer under issuers helps at once; limits of an issuer can be set in everbind.yaml.',
  },
  RENEWAL_CHALLENGE_NOT_OFFERED: {
    exit: 1,
    summary: 'The CA does not offer the challenge type that is configured for a name.',
    action: 'Choose another challenge type in everbind.yaml; wildcards need one by DNS, such as dns-01.',
  },
  RENEWAL_ORDER_LOST: {
    exit: 1,
    summary: 'The CA does not know the order of an interrupted renewal any more.',
    action: 'Nothing to do: the next attempt makes a new order.',
  },
  RENEWAL_ORDER_SHARED: {
    exit: 1,
    summary: 'The CA responded to a new order with one that another certificate is using.',
    action:
      'Nothing to do if it stays at once: the next attempt comes later. Two certificates with the same names should be one.',
  },
  RENEWAL_PREFLIGHT_FAILED: {
    exit: 1,
    meaning: { blames: 'name' },
    summary: 'The CA is certain to refuse the certificate, so that no order was made.',
    action: 'Run everbind check NAME: it says what stands in the way and how to fix it. The next attempt is scheduled.',
  },
  RENEWAL_STAGING_RUN_FAILED: {
    exit: 1,
    summary: 'A name failed validation at the staging environment of the CA, so Everbind did not ask the CA itself.',
    action:
      'See the reason: the CA itself would have failed for it too, and counts failures. The next attempt is scheduled.',
  },
  RENEWAL_NOT_VERIFIED: {
    exit: 1,
    meaning: { blames: 'host' },
    summary: 'Visitors did not get the new certificate, so the earlier state was restored.',
    action: 'See everbind show NAME for what each endpoint served; the next attempt is scheduled.',
  },
  RENEWAL_NOT_RESTORED: {
    exit: 1,
    meaning: { blames: 'host' },
    summary: 'The earlier state could not be restored in full.',
    action:
      'Look at the bindings now: everbind scan, everbind show NAME. Everbind tries again at the next run; everbind renew NAME --force leaves the bindings as they are and begins anew.',
  },
});
