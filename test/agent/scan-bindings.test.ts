import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { createSiteChanges } from '../../src/iis/change-sites.ts';
import { scanBindings } from '../../src/agent/scan-bindings.ts';
import { systemClock, systemRandom } from '../../src/net/system.ts';
import { createWorld, sitesOf } from '../deploy/iis/fixture.ts';

test('a binding to an address that this machine does not have is no problem of this machine, and is not contacted', async () => {
  const applicationHostConfig = sitesOf({ Here: [['*:443:here.test', 1]], Cluster: [['192.0.2.77:443:', 0]] });
  await using world = await createWorld({
    applicationHostConfig,
    otherNodes: [{ address: '192.0.2.77', answer: 'old-certificate' }],
  });
  const environment = {
    clock: systemClock,
    random: systemRandom,
    signal: new AbortController().signal,
    openHost: async () => ({ host: world.sim.host, close: () => {} }),
  };
  const { rows } = await scanBindings(environment, { contact: true, onDone: () => {} });
  deepEqual(
    rows.map(({ site, served, problems, note }) => [site, served !== null, problems, note]),
    [
      ['Here', true, [], ''],
      ['Cluster', false, [], 'this machine does not have that address'],
    ],
  );
});

test('FTP bindings are scanned, too: by the handshake that a visitor makes', async () => {
  const bindings = [
    ['Files', '*:21:'],
    ['Implicit', '*:990:'],
    ['Plain', '*:2121:'],
    ['Broken', '*:2122:'],
    ['Gone', '*:2123:'],
  ] as const;
  const elements = bindings.map(
    ([name, binding], index) =>
      `<site name="${name}" id="${index + 1}"${name === 'Gone' ? ' serverAutoStart="false"' : ''}><application path="/"><virtualDirectory path="/" physicalPath="C:\\ftp" />
       </application><bindings><binding protocol="ftp" bindingInformation="${binding}" /></bindings></site>`,
  );
  await using world = await createWorld({
    applicationHostConfig: Buffer.from(
      `<configuration><system.applicationHost><sites>${elements.join('')}</sites></system.applicationHost></configuration>`,
    ),
  });
  const material = await world.material(['files.everbind.test']);
  await world.deployment().install(material);
  const changes = createSiteChanges(world.sim.host, systemClock, { backUp: false });
  const good = { certificateHash: material.thumbprint, certificateStore: 'WebHosting' };
  for (const site of ['Files', 'Implicit', 'Gone']) await changes.setFtpCertificate(site, good);
  await changes.setFtpCertificate('Broken', { certificateHash: '00'.repeat(20), certificateStore: 'MY' });
  const environment = {
    clock: systemClock,
    random: systemRandom,
    signal: new AbortController().signal,
    openHost: async () => ({ host: world.sim.host, close: () => {} }),
  };
  const { rows } = await scanBindings(environment, { contact: true, onDone: () => {} });
  deepEqual(
    rows.map(({ site, protocol, served, problems, note }) => [site, protocol, served?.thumbprint, problems, note]),
    [
      ['Files', 'ftp', material.thumbprint, [], ''],
      ['Implicit', 'ftp', material.thumbprint, [], ''],
      ['Plain', 'ftp', undefined, [], 'no certificate'],
      ['Broken', 'ftp', undefined, ['VERIFY_HANDSHAKE_FAILED'], 'no TLS handshake'],
      ['Gone', 'ftp', undefined, ['VERIFY_CONNECT_FAILED'], 'nothing listens there'],
    ],
  );
});
