import { type BeliefTest, noTest } from './belief.ts';
import type { ChangedDouble } from './old-belief.ts';

/** How a double was changed, and the test that fails when it is switched back. */
export interface DoubleChange {
  /** What it does now that it did not. */
  readonly change: string;
  readonly test: BeliefTest;
  /** The commit in which the double was changed and that test failed. */
  readonly redIn: string;
}

const filled = noTest('filled in below');

export const DOUBLES: Readonly<Record<ChangedDouble, DoubleChange>> = {
  D1: { change: 'Addresses that the machine does not have lead to another node, or nowhere.', test: filled, redIn: '' },
  D2: { change: 'appcmd writes in the ANSI code page, and loses letters that this lacks.', test: filled, redIn: '' },
  D3: {
    change: 'A site without root application or usable binding does not start; changes of sites take effect later.',
    test: filled,
    redIn: '',
  },
  D4: { change: 'A new site stays stopped.', test: filled, redIn: '' },
  D5: { change: 'A plain central-store record takes default options alone.', test: filled, redIn: '' },
  D6: { change: 'The store MY reads back as no store.', test: filled, redIn: '' },
  D7: { change: 'A record of the address can come before that of the host.', test: filled, redIn: '' },
  D8: { change: 'A renewed certificate is served although the record names the old one.', test: filled, redIn: '' },
  D9: {
    change:
      'TLS 1.2 can be off, TLS 1.3 without suites, the first handshake after a change slow, a client certificate demanded.',
    test: filled,
    redIn: '',
  },
  D10: { change: 'Ports of other programs than http.sys are closed to the outside.', test: filled, redIn: '' },
  D11: {
    change: 'Removing a folder below a site restarts its application, which is counted.',
    test: filled,
    redIn: '',
  },
  D12: {
    change: 'Providers answer as TPMs and smart-card readers do; devices go away and come back.',
    test: filled,
    redIn: '',
  },
  D13: { change: 'A TPM refuses PSS, and TLS 1.3 fails with such a key.', test: filled, redIn: '' },
  D14: { change: 'One form of a private RSA key is refused, another is taken.', test: filled, redIn: '' },
  D15: {
    change: 'The access list of a key is mapped; hardware refuses access list, usage and policy.',
    test: filled,
    redIn: '',
  },
  D16: { change: 'CertControlStore fails on stores of the machine.', test: filled, redIn: '' },
  D17: {
    change: 'A prefix can be reserved by another account, and is still taken for a moment after its end.',
    test: filled,
    redIn: '',
  },
  D18: { change: 'Records have …Ex parameters, which deleting drops.', test: filled, redIn: '' },
  D19: { change: 'A folder belongs to the account that made it, and SYSTEM comes later.', test: filled, redIn: '' },
  D20: {
    change: 'The chain is the path that Windows builds from its stores, kept from the first handshake on.',
    test: filled,
    redIn: '',
  },
};
