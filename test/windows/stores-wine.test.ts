import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createLabCa } from '../../lab/test-ca.ts';
import { startWineHost, type WineHost } from '../../lab/wine/wine-host.ts';
import { openProbeHost } from '../lab/wine/wine-doubles-probe.ts';
import { issue } from '../ports/windows-host-support.ts';

// Whether a store of LocalMachine can be told to write what was changed is not documented: it is a collection, and
// parts of it may refuse. Stores in the registry need not be told.

it('what a store is given is there for other processes, though the store cannot be told to write', async () => {
  const opened = await openProbeHost({ applicationHostConfig: null });
  // Whatever fails, a process that goes on would keep this one.
  const started: WineHost[] = [];
  const start = async (): Promise<WineHost['host']> => {
    const wine = await startWineHost(opened.prefix);
    started.push(wine);
    return wine.host;
  };
  try {
    const statuses = await opened.probe('http-probe', [
      ['commit', 'MY'],
      ['commit', 'CA'],
    ]);
    assert.deepEqual(statuses, ['32', '32']);
    const ca = await createLabCa('Everbind stores');
    const leaf = await issue(ca, 'shop.example');
    const { certificates } = await start();
    await certificates.importWithKey('MY', leaf.der, leaf.privateKey, 'first');
    await certificates.importWithKey('MY', leaf.der, leaf.privateKey, 'second');
    await certificates.add('CA', ca.der);
    const reader = await start();
    const found = await reader.certificates.find('MY', leaf.thumbprint);
    assert.deepEqual([found?.friendlyName, found?.hasPrivateKey], ['second', true]);
    assert.equal((await reader.certificates.list('CA')).length, 1);
    await certificates.remove('MY', leaf.thumbprint);
    assert.deepEqual(await (await start()).certificates.list('MY'), []);
  } finally {
    for (const wine of started) await wine.close();
    await opened.close();
  }
});
