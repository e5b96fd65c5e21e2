import fc from 'fast-check';
import { IIS_APP_ID, recordKeyId } from '../../src/iis/records/ssl-record.ts';
import { FOREIGN_APP_ID, NEW, OLD, OTHER, record, site, THEIRS, type Scenario } from './fixtures.ts';

// Small alphabets, so that hosts, addresses and ports meet often.
const hosts = ['', 'a.example', 'b.example', '*.example', '*.b.example', 'c.b.example', 'bücher.example'];
const addresses = ['*', '10.0.0.1', '[::1]', '0.0.0.0'];
const ports = [443, 8443];
const flags = ['0', '1', '2', '3', '5', '32', '97', '129', '257', 'x'];

const binding = fc
  .tuple(
    fc.constantFrom('https', 'https', 'https', 'http', 'ftp', 'net.tcp'),
    fc.constantFrom(...addresses),
    fc.constantFrom(...ports, '[PORT]'),
    fc.constantFrom(...hosts),
    fc.constantFrom(...flags),
  )
  .map(([protocol, address, port, host, sslFlags]) => `${protocol} ${address}:${port}:${host} ${sslFlags}`);

const recordKey = fc
  .tuple(
    fc.constantFrom('0.0.0.0', '10.0.0.1', '[::1]', '[::]', ...hosts.filter((host) => host !== '')),
    fc.constantFrom(...ports),
  )
  .map(([name, port]) => `${name}:${port}`);

const anyRecord = fc
  .record({
    key: recordKey,
    hash: fc.constantFrom(OLD, NEW, THEIRS, OTHER, OLD.toUpperCase()),
    appId: fc.constantFrom(IIS_APP_ID, IIS_APP_ID, FOREIGN_APP_ID),
    certificateStore: fc.constantFrom(null, 'MY', 'WebHosting', 'Root'),
    flags: fc.nat(0xffffffff),
    certCheckMode: fc.nat(0xffff),
    ctlStoreName: fc.constantFrom(null, 'CTL'),
  })
  .map(({ key, hash, ...fields }) => record(key, hash, fields));

const someSite = fc
  .tuple(
    fc.constantFrom('One', 'Two', 'Three', 'Four'),
    fc.array(binding, { maxLength: 5 }),
    fc.constantFrom('Started' as const, 'Stopped' as const, 'Unknown' as const),
    fc.constantFrom(null, { certificateHash: OLD, certificateStore: 'MY' }),
  )
  .map(([name, bindings, state, ftp]) => site(name, bindings, { state, ...(ftp === null ? {} : { ftp }) }));

/** Servers, certificates and policies of every kind that the rules tell apart. */
export const scenario: fc.Arbitrary<Scenario & { readonly records: readonly ReturnType<typeof record>[] }> = fc.record({
  names: fc.uniqueArray(
    fc.constantFrom('a.example', 'b.example', '*.example', '*.b.example', 'bücher.example', '10.0.0.1', '::1'),
    { minLength: 1, maxLength: 4 },
  ),
  sites: fc.array(someSite, { maxLength: 4 }),
  records: fc.uniqueArray(anyRecord, { maxLength: 8, selector: (one) => recordKeyId(one.key) }),
  previous: fc.constantFrom(OLD, OLD, null),
  store: fc.constantFrom('WebHosting' as const, 'MY' as const),
  policy: fc.record({
    sites: fc.constantFrom(null, [], ['one', 'Two'], ['Three']),
    adopt: fc.boolean(),
    adoptForeignAppIds: fc.constantFrom([], [FOREIGN_APP_ID]),
  }),
});
