import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createLabCa } from '../../lab/test-ca.ts';
import { startWineHost } from '../../lab/wine/wine-host.ts';
import { openProbeHost } from '../lab/wine/wine-doubles-probe.ts';
import { issue } from '../ports/windows-host-support.ts';

// Whether a store of LocalMachine can be told to write what was changed is not documented: it is a collection, and
// parts of it may refuse. Stores in the registry need not be told.

it('what a store is given is there for other processes, though the store cannot be told to write', async () => {
  const opened = await openProbeHost({ applicationHostConfig: null });
  try {
    const statuses = await opened.probe('http-probe', [
      ['commit', 'MY'],
      ['commit', 'CA'],
    ]);
    assert.deepEqual(statuses, ['32', '32']);
    const ca = await createLabCa('Everbind stores');
    const leaf = await issue(ca, 'shop.example');
    const writer = await startWineHost(opened.prefix);
    const { certificates } = writer.host;
    await certificates.importWithKey('MY', leaf.der, leaf.privateKey, 'first');
    await certificates.importWithKey('MY', leaf.der, leaf.privateKey, 'second');
    await certificates.add('CA', ca.der);
    const reader = await startWineHost(opened.prefix);
    const found = await reader.host.certificates.find('MY', leaf.thumbprint);
    assert.deepEqual([found?.friendlyName, found?.hasPrivateKey], ['second', true]);
    assert.equal((await reader.host.certificates.list('CA')).length, 1);
    await certificates.remove('MY', leaf.thumbprint);
    await reader.close();
    const later = await startWineHost(opened.prefix);
    assert.deepEqual(await later.host.certificates.list('MY'), []);
    await later.close();
    await writer.close();
  } finally {
    await opened.close();
  }
});
