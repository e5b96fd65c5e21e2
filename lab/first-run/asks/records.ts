import type { SslRecord, SslRecordKey } from '../../../src/ports/windows-host.ts';
import { sameRecord, sameStore } from '../../../src/iis/records/ssl-record.ts';
import { type Ask, type Asking, judge, judgeAll, statusOf, statusText } from '../asking.ts';
import { exParametersAcross, queryIds } from '../native/http-ids.ts';
import { hostOf } from '../own-names.ts';
import { handshakeWith, listenForTls, placeLeaf, placeLeafOfProvider, placeRecord, recordOf } from '../place.ts';

/** Question 11. */
export const askIds: Ask = async (asking) => {
  const ids = await queryIds(asking);
  asking.note({ kind: 'ids', ids });
  return judgeAll(
    ids.map(({ id, status }) => {
      const known = [0, 1, 5, 6].includes(id) ? [0, 2, 259] : [0, 2, 50, 87, 259];
      return [known.includes(status), `id ${id}: ${statusText(status)}`];
    }),
  );
};

/** Question 12. */
export const askStatuses: Ask = async (asking) => {
  const { host } = asking;
  const leaf = await placeLeaf(asking, { hosts: [hostOf('q12')] });
  const other = await placeLeaf(asking, { hosts: [hostOf('q12')] });
  const parts: [boolean, string][] = [];
  for (const kind of ['ipport', 'hostnameport', 'ccs', 'scopedccs'] as const) {
    const port = await asking.port();
    const key = keyOf(kind, port);
    const bound = kind === 'ipport' || kind === 'hostnameport';
    const record = recordOf(key, bound ? leaf : null);
    const expect = async (name: string, work: Promise<unknown>, ...expected: readonly number[]): Promise<void> => {
      const status = await statusOf(work);
      parts.push([expected.includes(status), `${kind} ${name} ${statusText(status)}`]);
    };
    await expect('query absent', host.sslRecords.query(key), 0);
    await expect('update absent', host.sslRecords.update(record), 2);
    await expect('remove absent', host.sslRecords.remove(key), 2);
    if (bound) await expect('set without certificate', host.sslRecords.set(strange(record)), 1312);
    const status = await statusOf(placeRecord(asking, record));
    // Without the role service of the central store, http.sys may have no such records.
    parts.push([status === 0 || (!bound && (status === 87 || status === 50)), `${kind} set ${statusText(status)}`]);
    if (status !== 0) continue;
    await expect('set again', host.sslRecords.set(record), 183);
    const changed = recordOf(key, bound ? other : null);
    await expect('update', host.sslRecords.update(changed), 0);
    const found = await host.sslRecords.query(key);
    parts.push([found !== null && sameRecord(found, changed), `${kind} reads back as updated`]);
    if (bound) await expect('update without certificate', host.sslRecords.update(strange(record)), 1312);
    const kept = await host.sslRecords.query(key);
    parts.push([kept !== null && sameRecord(kept, changed), `${kind} is kept when an update fails`]);
    await expect('remove', host.sslRecords.remove(key), 0);
  }
  return judgeAll(parts);
};

function keyOf(kind: SslRecordKey['kind'], port: number): SslRecordKey {
  switch (kind) {
    case 'ipport':
      return { kind, address: '127.0.0.1', port };
    case 'hostnameport':
    case 'scopedccs':
      return { kind, host: hostOf('q12'), port };
    case 'ccs':
      return { kind, port };
  }
}

/** With a certificate that nobody has. */
function strange(record: SslRecord): SslRecord {
  return { ...record, certificateHash: '00112233445566778899aabbccddeeff00112233' };
}

/** Question 13. */
export const askUpdate: Ask = async (asking) => {
  const { host } = asking;
  const [port, hosts] = [await asking.port(), [hostOf('q13')]];
  const first = await placeLeaf(asking, { hosts });
  const elsewhere = await placeLeaf(asking, { hosts, store: 'WebHosting' });
  const key: SslRecordKey = { kind: 'hostnameport', host: hostOf('q13'), port };
  // HTTP/2 and QUIC off: bits of HTTP_SERVICE_CONFIG_SSL_FLAG.
  const options = { certCheckMode: 1, revocationFreshnessTime: 77, revocationUrlRetrievalTimeout: 88, flags: 0x30 };
  await placeRecord(asking, recordOf(key, first, options));
  const before = await host.sslRecords.query(key);
  const ex = await exParametersAcross(asking, key, () => host.sslRecords.update(recordOf(key, elsewhere, options)));
  const after = await host.sslRecords.query(key);
  await host.sslRecords.update(recordOf(key, elsewhere, { certCheckMode: 0, flags: 0 }));
  const plain = await host.sslRecords.query(key);
  return judgeAll([
    [before !== null && sameRecord(before, recordOf(key, first, options)), 'options are set with the record'],
    [after !== null && sameRecord(after, recordOf(key, elsewhere, options)), 'update takes another store'],
    [plain?.flags === 0 && plain.certCheckMode === 0, 'update takes other options'],
    [ex.kept !== false, `…Ex parameters: ${ex.text}`],
  ]);
};

/** Question 14. */
export const askReplace: Ask = async (asking) => {
  const { host } = asking;
  const [port, hosts] = [await asking.port(), [hostOf('q14')]];
  const first = await placeLeaf(asking, { hosts });
  const second = await placeLeaf(asking, { hosts });
  const key: SslRecordKey = { kind: 'hostnameport', host: hostOf('q14'), port };
  await listenForTls(asking, port);
  await placeRecord(asking, recordOf(key, first));
  let gap = Number.NaN;
  let between = '';
  const ex = await exParametersAcross(asking, key, async () => {
    const began = performance.now();
    await host.sslRecords.remove(key);
    const { error } = await handshakeWith(asking, { port, sni: hostOf('q14') });
    between = error ?? 'none';
    await host.sslRecords.set(recordOf(key, second));
    gap = Math.round(performance.now() - began);
  });
  const { leaf } = await handshakeWith(asking, { port, sni: hostOf('q14'), record: key });
  return judge([
    [leaf === second.thumbprint, 'the new leaf is served afterwards'],
    [gap < 1000, `${gap} ms from remove to set, a handshake in between included (failure: ${between})`],
    [true, `…Ex parameters: ${ex.text}`],
  ]);
};

/** Question 15. */
export const askStoreMy: Ask = async (asking) => {
  const leaf = await placeLeaf(asking, { hosts: [hostOf('q15')] });
  const parts: [boolean, string][] = [];
  for (const certificateStore of ['MY', 'my', null]) {
    const key: SslRecordKey = { kind: 'hostnameport', host: hostOf('q15'), port: await asking.port() };
    await placeRecord(asking, recordOf(key, leaf, { certificateStore }));
    const found = await asking.host.sslRecords.query(key);
    const read = found === null ? 'absent' : JSON.stringify(found.certificateStore);
    parts.push([
      found !== null && sameStore(found.certificateStore, 'MY'),
      `set ${JSON.stringify(certificateStore)}, read ${read}`,
    ]);
  }
  return judgeAll(parts);
};

/** Question 16. */
export const askHosts: Ask = async (asking) => {
  const { host } = asking;
  const port = await asking.port();
  // U+00FC; the A-label of the same name.
  const [unicode, ascii] = ['b\u00fccher.q16.everbind.invalid', 'xn--bcher-kva.q16.everbind.invalid'];
  const upper = await placeLeaf(asking, { hosts: [hostOf('case.q16')] });
  const idn = await placeLeaf(asking, { hosts: [ascii] });
  const wild = await placeLeaf(asking, { hosts: ['*.w.q16.everbind.invalid'] });
  await listenForTls(asking, port);
  const key = (name: string): SslRecordKey => ({ kind: 'hostnameport', host: name, port });
  await placeRecord(asking, recordOf(key('CASE.q16.everbind.invalid'), upper));
  await placeRecord(asking, recordOf(key('*.w.q16.everbind.invalid'), wild));
  const served = async (sni: string): Promise<string | null> => (await handshakeWith(asking, { port, sni })).leaf;
  const again = await statusOf(placeRecord(asking, recordOf(key(hostOf('case.q16')), upper)));
  const parts: [boolean, string][] = [
    [again === 183, `the same host in other letters: set ${statusText(again)}`],
    [(await served(hostOf('case.q16'))) === upper.thumbprint, 'a client in lower case gets a record in upper case'],
    [(await served(hostOf('a.w.q16'))) === wild.thumbprint, 'a wildcard serves one label'],
    [(await served(hostOf('b.a.w.q16'))) !== wild.thumbprint, 'and not two'],
  ];
  const inUnicode = await statusOf(placeRecord(asking, recordOf(key(unicode), idn)));
  const byUnicode = inUnicode === 0 && (await served(ascii)) === idn.thumbprint;
  const both = await statusOf(placeRecord(asking, recordOf(key(ascii), idn)));
  const byAscii = (await served(ascii)) === idn.thumbprint;
  const forms = (await host.sslRecords.enumerate()).filter(({ key: found }) => found.port === port).length;
  const text = `Unicode set ${statusText(inUnicode)} serves ${byUnicode}; A-labels then set ${statusText(both)}`;
  parts.push([byUnicode || byAscii, `IDN: ${text} serves ${byAscii}; ${forms} records in all`]);
  return judgeAll(parts);
};

/** Question 17. */
export const askPrecedence: Ask = async (asking) => {
  const parts: [boolean, string][] = [];
  for (const [address, any] of [
    ['127.0.0.1', '0.0.0.0'],
    ['::1', '::'],
  ] as const) {
    const port = await asking.port();
    const name = hostOf('q17');
    const [byHost, byAddress, byAny] = [await leafFor(asking), await leafFor(asking), await leafFor(asking)];
    const key: SslRecordKey = { kind: 'hostnameport', host: name, port };
    await listenForTls(asking, port);
    await placeRecord(asking, recordOf({ kind: 'ipport', address: any, port }, byAny));
    await placeRecord(asking, recordOf(key, byHost));
    const see = async (sni: string): Promise<string> => {
      const { leaf, error } = await handshakeWith(asking, { address, port, sni });
      if (leaf === byHost.thumbprint) return 'host';
      if (leaf === byAddress.thumbprint) return 'address';
      return leaf === byAny.thumbprint ? 'any' : `nothing (${error})`;
    };
    const check = async (where: string, sni: string, expected: string): Promise<void> => {
      const seen = await see(sni);
      parts.push([seen === expected, `${address}, ${where}: ${seen}`]);
    };
    await check('host and any, with SNI', name, 'host');
    await check('host and any, without SNI', '', 'any');
    await placeRecord(asking, recordOf({ kind: 'ipport', address, port }, byAddress));
    await check('host, address and any, with SNI', name, 'host');
    await check('host, address and any, another SNI', hostOf('other.q17'), 'address');
    await check('host, address and any, without SNI', '', 'address');
  }
  return judge(parts);
};

function leafFor(asking: Asking): ReturnType<typeof placeLeaf> {
  return placeLeaf(asking, { hosts: [hostOf('q17'), hostOf('other.q17')] });
}

/** Question 23. */
export const askRefusals: Ask = async (asking) => {
  const { host } = asking;
  const port = await asking.port();
  const parts: [boolean, string][] = [];
  const attempt = async (what: string, record: SslRecord): Promise<void> => {
    const status = await statusOf(placeRecord(asking, record));
    if (status === 0) await host.sslRecords.remove(record.key);
    parts.push([status === 1312, `${what}: ${statusText(status)}`]);
  };
  const key: SslRecordKey = { kind: 'hostnameport', host: hostOf('q23'), port };
  const leaf = await placeLeaf(asking, { hosts: [hostOf('q23')] });
  await attempt('no such certificate', strange(recordOf(key, leaf)));
  await attempt('another store', recordOf(key, leaf, { certificateStore: 'WebHosting' }));
  await attempt('a store that does not exist', recordOf(key, leaf, { certificateStore: 'EverbindFirstRun' }));
  const bare = await placeLeaf(asking, { hosts: [hostOf('bare.q23')] });
  await host.certificates.remove('MY', bare.thumbprint);
  asking.onEnd(() => host.certificates.remove('MY', bare.thumbprint));
  await host.certificates.add('MY', bare.der);
  await attempt('no reference to a key', recordOf(key, bare));
  const keyless = await placeLeafOfProvider(asking, { hosts: [hostOf('gone.q23')], algorithm: 'ec-p256', number: 0 });
  await host.keys.remove(keyless.key);
  await attempt('key gone', recordOf(key, keyless.leaf));
  return judge(parts);
};
