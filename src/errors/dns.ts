import { entries } from './entry.ts';

export const DNS_ERRORS = entries({
  DNS_CREDENTIALS_REFUSED: {
    exit: 1,
    meaning: { resume: 'continue' },
    summary: 'The DNS host refused the credentials, or they may not change this zone.',
    action:
      'Check the secret (everbind secret set NAME), that it has not expired, and that it has the rights that everbind dns providers names.',
  },
  DNS_ZONE_NOT_FOUND: {
    exit: 1,
    meaning: { resume: 'continue' },
    summary: 'The DNS host has no zone for the name that these credentials can see.',
    action:
      'Check that the zone is hosted there and that the credentials reach it. A CNAME at _acme-challenge leads to the zone of its target.',
  },
  DNS_RATE_LIMITED: {
    exit: 1,
    meaning: { resume: 'continue' },
    summary: 'The DNS host limits the number of requests, for longer than Everbind waits.',
    action: 'Nothing to do: the next attempt is scheduled. Ask the host for a higher limit if it happens often.',
  },
  DNS_PROVIDER_FAILED: {
    exit: 1,
    meaning: { resume: 'continue' },
    summary: 'The DNS host could not be reached, or did not carry out a request.',
    action: 'The message and the details have its response. Check network, proxy and the status page of the host.',
  },
  DNS_PROVIDER_SETTING: {
    exit: 2,
    meaning: { resume: 'continue' },
    summary: 'A setting of the DNS provider is missing or wrong.',
    action: 'The message names it; everbind dns providers lists the settings of each provider.',
  },
  DNS_DELEGATION_LOOP: {
    exit: 1,
    meaning: { resume: 'continue' },
    summary: 'The CNAME records from _acme-challenge lead in a circle, or through more than eight names.',
    action: 'Point _acme-challenge directly at a name in the zone that the credentials may change.',
  },
  DNS_QUERY_FAILED: {
    exit: 1,
    meaning: { resume: 'continue' },
    summary: 'A DNS server sent no response to a query, or an unusable one.',
    action:
      'Check that this machine reaches port 53 (UDP and TCP) of the server in the details, and that the zone works.',
  },
});
