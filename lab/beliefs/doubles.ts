import { type BeliefTest, test } from './belief.ts';
import type { ChangedDouble } from './old-belief.ts';

/** How a double was changed, and the test that fails when it is switched back. */
export interface DoubleChange {
  /** What it does now that it did not. */
  readonly change: string;
  readonly test: BeliefTest;
  /** The commit in which the double was changed, and a test failed. */
  readonly redIn: string;
  /** The test that failed there, where it was another one. */
  readonly redTest?: string;
}

export const DOUBLES: Readonly<Record<ChangedDouble, DoubleChange>> = {
  D1: {
    change: 'Addresses that the machine does not have lead to another node, or nowhere.',
    test: test(
      'deploy/iis/addresses.test.ts',
      'an address of a cluster that this machine does not have now is not probed: old-certificate',
      {
        template: 'an address of a cluster that this machine does not have now is not probed: ${answer}',
      },
    ),
    redIn: '8653533',
  },
  D2: {
    change: 'appcmd writes in the ANSI code page, and loses letters that this lacks.',
    test: test(
      'iis/site-names.test.ts',
      'names of sites are those of the configuration, although appcmd writes in the code page of the machine',
    ),
    redIn: '317dcb4',
  },
  D3: {
    change: 'A site without root application or usable binding does not start; changes of sites take effect later.',
    test: test('iis/await-site.test.ts', 'a site that starts some time after appcmd has ended is waited for'),
    redIn: 'f35e8ce',
    redTest: 'serves what the record says from the next handshake on',
  },
  D4: {
    change: 'A new site stays stopped.',
    test: test('selftest/no-handshake.test.ts', 'a self-test whose site IIS leaves stopped does not pass'),
    redIn: '1fa25e1',
    redTest: 'a self-test does not pass where no address of this machine leads to the binding',
  },
  D5: {
    change: 'A plain central-store record takes default options alone.',
    test: test(
      'lab/sim-windows/ssl-records.test.ts',
      'a record of the central store for a port takes default options only, one for a host takes all',
    ),
    redIn: 'e7114bd',
  },
  D6: {
    change: 'The store MY reads back as no store.',
    test: test(
      'lab/sim-windows/ssl-records.test.ts',
      'a record in MY reads back without a store, and is changed and restored all the same',
    ),
    redIn: 'e7114bd',
    redTest: 'keeps every field of every kind of record',
  },
  D7: {
    change: 'A record of the address can come before that of the host.',
    test: test(
      'deploy/iis/rival.test.ts',
      'a record of one address that wins over the name is seen there, reported, and no reason to roll back',
    ),
    redIn: 'a868730',
  },
  D8: {
    change: 'A renewed certificate is served although the record names the old one.',
    test: test(
      'deploy/iis/renewal-property.test.ts',
      'a failed adoption is undone where another certificate was served than the record had',
    ),
    redIn: '8673260',
  },
  D9: {
    change:
      'TLS 1.2 can be off, TLS 1.3 without suites, the first handshake after a change slow, a client certificate demanded.',
    test: test(
      'deploy/iis/before.test.ts',
      'a server that failed every handshake before the change is not rolled back for it: nothing above TLS 1.1 is on',
      {
        template: 'a server that failed every handshake before the change is not rolled back for it: ${name}',
      },
    ),
    redIn: '2fa1ad9',
  },
  D10: {
    change: 'Ports of other programs than http.sys are closed to the outside.',
    test: test(
      'challenge/pebble.test.ts',
      'auto: without an http binding the CA, which asks from outside, gets its response through http.sys',
    ),
    redIn: '6611e69',
  },
  D11: {
    change: 'Removing a folder below a site restarts its application, which is counted.',
    test: test('challenge/sim.test.ts', 'webroot: no application restarts, since no folder below a root goes away'),
    redIn: '2f7c24c',
  },
  D12: {
    change: 'Providers answer as TPMs and smart-card readers do; devices go away and come back.',
    test: test(
      'renewal/engine/key-providers.test.ts',
      'an ordered certificate outlives a device that goes away and answers 0x80090016',
      { template: 'an ordered certificate outlives a device that goes away and answers ${hex}' },
    ),
    redIn: '2d73601',
  },
  D13: {
    change: 'A TPM refuses PSS, and TLS 1.3 fails with such a key.',
    test: test(
      'renewal/engine/key-providers.test.ts',
      'an RSA key that cannot sign with RSA-PSS is refused before anything is ordered',
    ),
    redIn: '8c63215',
  },
  D14: {
    change: 'One form of a private RSA key is refused, another is taken.',
    test: test('windows/keys.test.ts', 'gives an RSA key as PRIVATEBLOB where PKCS #8 is refused, on the same terms'),
    redIn: '06433e3',
  },
  D15: {
    change: 'The access list of a key is mapped; hardware refuses access list, usage and policy.',
    test: test('windows/keys.test.ts', 'a device that refuses its terms with 0x80090027 makes a key all the same', {
      template: 'a device that refuses its terms with ${hex} makes a key all the same',
    }),
    redIn: '5baa58c',
  },
  D16: {
    change: 'CertControlStore fails on stores of the machine.',
    test: test(
      'windows/stores-wine.test.ts',
      'what a store is given is there for other processes, though the store cannot be told to write',
    ),
    redIn: '86ea81e',
  },
  D17: {
    change: 'A prefix can be reserved by another account, and is still taken for a moment after its end.',
    test: test(
      'challenge/sim.test.ts',
      'http.sys: a prefix whose registration ended a moment ago is registered after a while',
    ),
    redIn: '188d470',
  },
  D18: {
    change: 'Records have …Ex parameters, which deleting drops.',
    test: test(
      'windows/extended-parameters-wine.test.ts',
      'a record by host is left as it is where Windows cannot replace it in one call',
    ),
    redIn: '5197185',
    redTest: 'of a hostnameport record are a reason to leave it as it is',
  },
  D19: {
    change: 'A folder belongs to the account that made it, and SYSTEM comes later.',
    test: test(
      'windows/private-folder.test.ts',
      'a folder that an administrator makes is private to a later run as SYSTEM, whoever new objects belong to',
    ),
    redIn: '0a75958',
  },
  D20: {
    change: 'The chain is the path that Windows builds from its stores, kept from the first handshake on.',
    test: test(
      'renewal/deployment/served-chain.test.ts',
      'a machine that trusts the self-signed twin of a cross-signed root serves the shorter chain: renewed, with a note',
    ),
    redIn: '106b7b9',
  },
};
