import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createSolvers } from '../../src/challenge/solvers.ts';
import { WindowsError } from '../../src/errors/error.ts';
import type { ChallengeTask } from '../../src/ports/solver.ts';
import { systemClock, systemRandom } from '../../src/net/system.ts';
import { freePorts } from '../../lab/loopback.ts';
import type { SimFirewall } from '../../lab/sim-windows/serving/firewall.ts';
import { connectSimWindows } from '../../lab/sim-windows/client.ts';
import { http, impatient, startWorld, type World } from './sim.ts';
import { coded, dnsTask, httpTask, site, temporaryFolder, withChallengeFolders } from './support.ts';

// appcmd tells nothing without administrator's rights.
const shop = site('shop', [['http', '*:80:shop.everbind.test']]);

async function get(world: World, task: ChallengeTask, address = '127.0.0.1'): Promise<number> {
  const { request } = await import('node:http');
  return new Promise((resolve, reject) => {
    request(
      {
        host: address,
        port: world.sim.httpPort,
        path: `/.well-known/acme-challenge/${task.token}`,
        headers: { host: task.identifier.value },
        agent: false,
      },
      (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      },
    )
      .on('error', reject)
      .end();
  });
}

async function roundTrip(
  world: World,
  mode: 'auto' | 'webroot' | 'http.sys',
  task: ChallengeTask,
  more: Parameters<typeof http>[1] = {},
): Promise<void> {
  const solver = world.solvers(task, http(mode, more));
  await solver.present(task);
  await solver.wait(task);
  await solver.cleanUp(task);
}

test('webroot: the file is served only thanks to our web.config', async (t) => {
  const world = await startWorld(t);
  const task = httpTask();
  const folder = join(world.inetpub, 'shop', '.well-known', 'acme-challenge');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, task.token), task.keyAuthorization);
  assert.equal(await get(world, task), 404);
  const before = await world.tree();
  const solver = world.solvers(task, http('webroot'));
  await solver.present(task);
  assert.equal(await get(world, task), 200);
  await solver.wait(task);
  await solver.cleanUp(task);
  const { [`/C/inetpub/shop/.well-known/acme-challenge/${task.token}`]: own, ...rest } = before;
  assert.ok(own !== undefined);
  assert.deepEqual(await world.tree(), rest);
});

test('webroot: no application restarts, since no folder below a root goes away', async (t) => {
  const world = await startWorld(t);
  const restarts = async (): Promise<number> => (await world.sim.snapshot()).applicationRestarts;
  for (const name of ['shop.everbind.test', 'a.tenants.everbind.test', 'shop.everbind.test']) {
    await roundTrip(world, 'webroot', httpTask(name));
  }
  assert.equal(await restarts(), 0);
  // The double does count, and only folders below a root that go away.
  const { files } = world.sim.host;
  await files.write('C:\\inetpub\\shop\\made\\file.txt', Buffer.from('x'));
  await files.removeFile('C:\\inetpub\\shop\\made\\file.txt');
  await files.write('C:\\elsewhere\\made\\file.txt', Buffer.from('x'));
  await files.removeFile('C:\\elsewhere\\made\\file.txt');
  assert.equal(await files.removeEmptyFolder('C:\\elsewhere\\made'), true);
  assert.equal(await restarts(), 0);
  assert.equal(await files.removeEmptyFolder('C:\\inetpub\\Shop\\MADE'), true);
  assert.equal(await restarts(), 1);
});

for (const [name, folder] of [
  ['shop.everbind.test', 'shop'],
  ['www.shop.everbind.test', 'shop'],
  ['a.tenants.everbind.test', 'tenants'],
  ['xn--bcher-kva.everbind.test', 'bücher'],
] as const) {
  for (const mode of ['webroot', 'http.sys'] as const) {
    test(`${mode}: ${name}, and what is left are empty folders at most`, async (t) => {
      const world = await startWorld(t);
      const before = await world.tree();
      await roundTrip(world, mode, httpTask(name));
      const left = mode === 'webroot' ? withChallengeFolders(before, `/C/inetpub/${folder}`) : before;
      assert.deepEqual(await world.tree(), left);
    });
  }
}

test('an address that a site is bound to', async (t) => {
  const world = await startWorld(t);
  for (const mode of ['webroot', 'http.sys'] as const) await roundTrip(world, mode, httpTask('127.0.0.20', 'ip'));
});

test('webroot: many challenge responses of two sites at the same time', async (t) => {
  const world = await startWorld(t);
  const before = await world.tree();
  const tasks = Array.from({ length: 12 }, (_, index) =>
    httpTask(index % 3 === 0 ? 'a.tenants.everbind.test' : 'shop.everbind.test'),
  );
  await Promise.all(tasks.map((task) => roundTrip(world, 'webroot', task)));
  assert.deepEqual(await world.tree(), withChallengeFolders(before, '/C/inetpub/shop', '/C/inetpub/tenants'));
});

test('webroot: a foreign web.config stays, and the self-check tells when it is in the way', async (t) => {
  const world = await startWorld(t);
  const folder = join(world.inetpub, 'shop', '.well-known', 'acme-challenge');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'web.config'), '<configuration />');
  const before = await world.tree();
  const task = httpTask();
  const solver = world.solvers(task, http('webroot'));
  await solver.present(task);
  await assert.rejects(solver.wait(task), coded('CHALLENGE_SELF_CHECK_FAILED', 'not-found'));
  await solver.cleanUp(task);
  assert.deepEqual(await world.tree(), before);
});

test('webroot: a site that maps files without extension itself', async (t) => {
  const world = await startWorld(t);
  const content = '<staticContent><mimeMap fileExtension="." mimeType="application/x-own" /></staticContent>';
  const text = `<configuration><system.webServer>${content}</system.webServer></configuration>`;
  await writeFile(join(world.inetpub, 'shop', 'web.config'), text);
  await roundTrip(world, 'webroot', httpTask());
  assert.equal(await readFile(join(world.inetpub, 'shop', 'web.config'), 'utf8'), text);
});

test('webroot: a configured folder is used for every name', async (t) => {
  const world = await startWorld(t);
  const before = await world.tree();
  const task = httpTask('unknown.everbind.test');
  const solver = world.solvers(task, http('webroot', { path: 'C:\\inetpub\\shop' }));
  await solver.present(task);
  await readFile(join(world.inetpub, 'shop', '.well-known', 'acme-challenge', task.token));
  await solver.cleanUp(task);
  assert.deepEqual(await world.tree(), withChallengeFolders(before, '/C/inetpub/shop'));
});

test('webroot: a name that no site receives', async (t) => {
  const world = await startWorld(t);
  const task = httpTask('unknown.everbind.test');
  await assert.rejects(
    world.solvers(task, http('webroot', { port: 8080 })).present(task),
    coded('CHALLENGE_PRESENT_FAILED', 'no-site'),
  );
});

test('webroot: Windows refuses to write', async (t) => {
  const world = await startWorld(t);
  const before = await world.tree();
  const task = httpTask();
  const solver = world.solvers(task, http('webroot'));
  for (const status of [5, 32, 112]) {
    const fault = await world.sim.faults.add({ kind: 'fail', call: 'files.write', status });
    await assert.rejects(solver.present(task), coded('CHALLENGE_PRESENT_FAILED', 'file-refused'));
    await world.sim.faults.remove(fault);
  }
  assert.deepEqual(await world.tree(), before);
});

test('http.sys: one registration for all challenge responses, removed with the last, and no site is touched', async (t) => {
  const world = await startWorld(t);
  const before = await world.tree();
  const tasks = ['shop.everbind.test', 'unknown.everbind.test', 'elsewhere.everbind.test'].map((name) =>
    httpTask(name),
  );
  await Promise.all(
    tasks.map(async (task) => {
      const solver = world.solvers(task, http('http.sys'));
      await solver.present(task);
      await solver.present(task);
      await solver.wait(task);
    }),
  );
  assert.deepEqual((await world.sim.snapshot()).registrations, ['http://+:80/.well-known/acme-challenge/']);
  assert.deepEqual(await world.tree(), before);
  for (const [index, task] of tasks.entries()) {
    assert.equal((await world.sim.snapshot()).registrations.length, 1, `${index} gone`);
    await world.solvers(task, http('http.sys')).cleanUp(task);
    await world.solvers(task, http('http.sys')).cleanUp(task);
  }
  assert.deepEqual((await world.sim.snapshot()).registrations, []);
  await roundTrip(world, 'http.sys', httpTask());
});

test('http.sys: a prefix that cannot be removed is reported, and removed the next time', async (t) => {
  let refusals = 1;
  const world = await startWorld(
    t,
    {},
    {
      hostOf: ({ host }) => ({
        ...host,
        httpServer: {
          serve: async (prefix, answer) => {
            const stop = await host.httpServer.serve(prefix, answer);
            return async () => {
              refusals -= 1;
              if (refusals >= 0) throw new WindowsError('HttpRemoveUrl', 5);
              await stop();
            };
          },
        },
      }),
    },
  );
  const task = httpTask();
  const solver = world.solvers(task, http('http.sys'));
  await solver.present(task);
  await assert.rejects(solver.cleanUp(task), coded('CHALLENGE_CLEANUP_FAILED', 'http-sys-failed'));
  assert.equal(await get(world, task), 404);
  await solver.cleanUp(task);
  assert.deepEqual((await world.sim.snapshot()).registrations, []);
});

test('http.sys: from another process, and gone with it', async (t) => {
  const socketPath = join(await temporaryFolder(t), 'sim.sock');
  const client = connectSimWindows(socketPath);
  t.after(() => client.close());
  const world = await startWorld(t, { socketPath }, { hostOf: () => client });
  const [one, two] = [httpTask(), httpTask('a.tenants.everbind.test')];
  await Promise.all([one, two].map((task) => world.solvers(task, http('http.sys')).present(task)));
  await world.solvers(one, http('http.sys')).wait(one);
  await world.solvers(two, http('http.sys')).wait(two);
  assert.equal(await get(world, httpTask()), 404);
  await world.solvers(one, http('http.sys')).cleanUp(one);
  assert.equal(await get(world, one), 404);
  assert.equal(await get(world, two), 200);
  client.close();
  for (let tries = 0; (await world.sim.snapshot()).registrations.length > 0; tries += 1) {
    assert.ok(tries < 6000);
    await systemClock.sleep(10);
  }
});

test('auto: http.sys where it can', async (t) => {
  const world = await startWorld(t);
  await roundTrip(world, 'auto', httpTask());
  assert.deepEqual(world.choices, ['shop.everbind.test http.sys elevated']);
});

for (const [what, options, reason, choices] of [
  ['taken by another program', {}, 'http-sys-taken', ['http.sys elevated', 'webroot http-sys-refused']],
  [
    'a foreign port',
    { foreignPorts: [80] },
    'http-sys-port-foreign',
    ['http.sys elevated', 'webroot http-sys-refused'],
  ],
  ['no rights', { elevated: false }, 'http-sys-denied', ['webroot not-elevated']],
] as const) {
  test(`auto: http.sys refuses (${what}), so it is webroot; mode http.sys says why it failed`, async (t) => {
    const world = await startWorld(t, options, { sites: [shop], clock: impatient });
    if (reason === 'http-sys-taken') {
      await world.sim.host.httpServer.serve('http://+:80/.well-known/acme-challenge/', ({ path }) =>
        path.includes('theirs') ? 'theirs' : null,
      );
    }
    const before = await world.tree();
    const task = httpTask();
    const explicit = world.solvers(task, http('http.sys'));
    await assert.rejects(explicit.present(task), coded('CHALLENGE_PRESENT_FAILED', reason));
    await explicit.cleanUp(task);
    const solver = world.solvers(task, http('auto'));
    await solver.present(task);
    assert.deepEqual(
      world.choices,
      choices.map((choice) => `shop.everbind.test ${choice}`),
    );
    await readFile(join(world.inetpub, 'shop', '.well-known', 'acme-challenge', task.token));
    // The other program's prefix outranks the site: the self-check finds out before the CA does.
    if (reason === 'http-sys-taken') {
      await assert.rejects(solver.wait(task), coded('CHALLENGE_SELF_CHECK_FAILED', 'not-found'));
    } else await solver.wait(task);
    await solver.cleanUp(task);
    assert.deepEqual(await world.tree(), withChallengeFolders(before, '/C/inetpub/shop'));
  });
}

test('http.sys: a prefix whose registration ended a moment ago is registered after a while', async (t) => {
  const refusals: number[] = [];
  const world = await startWorld(
    t,
    { registrationsLingerMs: 400 },
    {
      hostOf: ({ host }) => ({
        ...host,
        httpServer: {
          serve: (prefix, answer) =>
            host.httpServer.serve(prefix, answer).catch((error: unknown) => {
              if (error instanceof WindowsError) refusals.push(error.status);
              throw error;
            }),
        },
      }),
    },
  );
  await roundTrip(world, 'http.sys', httpTask());
  assert.deepEqual(refusals, []);
  await roundTrip(world, 'http.sys', httpTask());
  assert.ok(refusals.length > 0 && refusals.every((status) => status === 183), refusals.join(' '));
  await roundTrip(world, 'auto', httpTask());
  assert.deepEqual(world.choices, ['shop.everbind.test http.sys elevated']);
});

for (const status of [5, 183] as const) {
  test(`auto: a prefix that is reserved for another account (${status}) leads to webroot`, async (t) => {
    const account = 'NT AUTHORITY\\LOCAL SERVICE';
    const reservations = [{ prefix: 'http://+:80/.well-known/', account, status }];
    const world = await startWorld(t, { reservations }, { clock: impatient });
    await roundTrip(world, 'auto', httpTask());
    assert.deepEqual(world.choices, [
      'shop.everbind.test http.sys elevated',
      'shop.everbind.test webroot http-sys-refused',
    ]);
    assert.match(world.reasons[1] ?? '', new RegExp(`status ${status}\\b`));
  });
}

for (const status of [5, 32, 87, 183, 1214, 1450]) {
  test(`auto: whatever status http.sys refuses with, webroot is next: ${status}`, async (t) => {
    const world = await startWorld(t, {}, { clock: impatient });
    await world.sim.faults.add({ kind: 'fail', call: 'httpServer.serve', status });
    await roundTrip(world, 'auto', httpTask());
    assert.match(world.choices[1] ?? '', /webroot http-sys-refused$/);
    assert.match(world.reasons[1] ?? '', new RegExp(`status ${status}\\b`));
  });
}

test('auto: when neither way is open the message names both', async (t) => {
  const world = await startWorld(t, {}, { clock: impatient });
  await world.sim.host.httpServer.serve('http://+:8080/.well-known/acme-challenge/', () => null);
  const task = httpTask('unknown.everbind.test');
  await assert.rejects(world.solvers(task, http('auto', { port: 8080 })).present(task), (error) => {
    assert.ok(coded('CHALLENGE_PRESENT_FAILED', 'http-sys-taken')(error));
    assert.match((error as Error).message, /another ACME client.*; no started IIS site .*; the Windows firewall/);
    return true;
  });
});

for (const status of [5, 32, 87, 183, 1214]) {
  test(`auto: refused with ${status} and no site for the name, a listener that the firewall lets in is last`, async (t) => {
    const [port = 0] = await freePorts(1);
    const firewall = { inbound: [{ receiver: 'program', port }] } as const;
    const world = await startWorld(t, { firewall }, { clock: impatient });
    await world.sim.faults.add({ kind: 'fail', call: 'httpServer.serve', status });
    await roundTrip(world, 'auto', httpTask('unknown.everbind.test'), { port });
    assert.deepEqual(world.choices, [
      'unknown.everbind.test http.sys elevated',
      'unknown.everbind.test listener inbound-rule',
    ]);
  });
}

test('auto: a root that does not exist leads on as a refused prefix does, and the message has all of it', async (t) => {
  const [port = 0] = await freePorts(1);
  const sites = [site('gone', [['http', `*:${port}:shop.everbind.test`]], { rootPath: 'C:\\gone' })];
  const letting = { inbound: [{ receiver: 'program', port }] } as const;
  for (const [firewall, modes] of [
    [letting, ['http.sys', 'webroot', 'listener']],
    [{ inbound: [] }, ['http.sys', 'webroot']],
  ] as const) {
    const world = await startWorld(t, { firewall }, { sites, clock: impatient });
    await world.sim.faults.add({ kind: 'fail', call: 'httpServer.serve', status: 1214 });
    const task = httpTask();
    const solver = world.solvers(task, http('auto', { port }));
    const message = await solver.present(task).then(
      () => '',
      (error: unknown) => {
        assert.ok(coded('CHALLENGE_PRESENT_FAILED', 'root-missing')(error));
        return (error as Error).message;
      },
    );
    assert.deepEqual(
      world.choices.map((choice) => choice.split(' ')[1]),
      modes,
    );
    if (modes.length === 2) assert.match(message, /C:\\gone .*; before that: .* status 1214.*; the Windows firewall/);
    else assert.equal(message, '');
    await solver.cleanUp(task);
  }
});

test('auto: not elevated and no site for the name fails and says so', async (t) => {
  const world = await startWorld(t, { elevated: false }, { sites: [shop] });
  const task = httpTask('unknown.everbind.test');
  await assert.rejects(world.solvers(task, http('auto')).present(task), (error) => {
    assert.ok(coded('CHALLENGE_PRESENT_FAILED', 'no-mode')(error));
    assert.match((error as Error).message, /not elevated.*no started IIS site/);
    return true;
  });
  assert.deepEqual(world.choices, []);
});

test('auto: no site on the port, or all stopped: http.sys all the same', async (t) => {
  for (const sites of [[], [{ ...shop, state: 'Stopped' as const }]]) {
    const world = await startWorld(t, {}, { sites });
    await roundTrip(world, 'auto', httpTask());
    assert.deepEqual(world.choices, ['shop.everbind.test http.sys elevated']);
  }
});

test('auto: http.sys responds even where appcmd says nothing of the sites', async (t) => {
  const world = await startWorld(t);
  await world.sim.faults.add({ kind: 'appcmd', exitCode: 2, stdout: '' });
  const task = httpTask();
  const solver = world.solvers(task, http('auto'));
  await solver.present(task);
  await solver.wait(task);
  assert.deepEqual(world.choices, ['shop.everbind.test http.sys elevated']);
  await world.sim.faults.clear();
  await solver.cleanUp(task);
  assert.deepEqual((await world.sim.snapshot()).registrations, []);
});

const doubts: readonly (readonly [
  what: string,
  firewall: SimFirewall,
  fails: boolean,
  doubts: Readonly<Record<'http.sys' | 'webroot' | 'listener', boolean>>,
])[] = [
  [
    'for http.sys alone',
    { inbound: [{ receiver: 'http.sys', port: 80 }] },
    false,
    { 'http.sys': false, webroot: false, listener: true },
  ],
  [
    'for the program alone',
    { inbound: [{ receiver: 'program', port: 80 }] },
    false,
    { 'http.sys': true, webroot: true, listener: false },
  ],
  ['for nobody', { inbound: [] }, false, { 'http.sys': true, webroot: true, listener: true }],
  [
    'not there: the firewall is off',
    { enabled: false, inbound: [] },
    false,
    { 'http.sys': false, webroot: false, listener: false },
  ],
  ['not to be read', { inbound: [] }, true, { 'http.sys': false, webroot: false, listener: true }],
];

for (const [what, firewall, fails, expected] of doubts) {
  test(`what is known of the firewall when its rule is ${what}`, async (t) => {
    const world = await startWorld(t, { firewall });
    if (fails) await world.sim.faults.add({ kind: 'fail', call: 'allowsInbound', status: 5 });
    const task = httpTask();
    for (const mode of ['http.sys', 'webroot', 'listener'] as const) {
      const doubt = await world.solvers(task, http(mode)).firewallDoubt?.(task);
      assert.equal(
        typeof doubt === 'string' && /port 80\b.*firewall|firewall.*port 80\b/.test(doubt),
        expected[mode],
        mode,
      );
    }
    const auto = world.solvers(task, http('auto'));
    assert.equal(await auto.firewallDoubt?.(task), null, 'nothing is presented');
    await auto.present(task);
    assert.equal((await auto.firewallDoubt?.(task)) !== null, expected['http.sys']);
    await auto.cleanUp(task);
  });
}

test('auto: cleans up what a killed run that had chosen webroot left', async (t) => {
  const world = await startWorld(t);
  const before = await world.tree();
  const task = httpTask();
  await world.solvers(task, http('webroot')).present(task);
  const { host } = world.sim;
  const next = createSolvers({
    windows: {
      host,
      sites: async () => (await import('../../src/iis/inventory.ts')).readInventory(host).then((all) => all.sites),
    },
    clock: systemClock,
    random: systemRandom,
  });
  await next(task, http('auto')).cleanUp(task);
  assert.deepEqual(await world.tree(), withChallengeFolders(before, '/C/inetpub/shop'));
  await world.solvers(task, http('webroot')).present(task);
  const again = next(task, http('auto'));
  await again.present(task);
  await again.wait(task);
  await again.cleanUp(task);
  assert.deepEqual(await world.tree(), withChallengeFolders(before, '/C/inetpub/shop'));
  assert.deepEqual((await world.sim.snapshot()).registrations, []);
});

test('equal configurations share a solver, others do not', async (t) => {
  const { solvers } = await startWorld(t);
  const task = httpTask();
  assert.equal(solvers(task, http('http.sys')), solvers(httpTask('b.test'), http('http.sys')));
  assert.notEqual(solvers(task, http('listener', { port: 81 })), solvers(task, http('listener')));
});

test('what cannot be validated is refused before anything happens', async (t) => {
  const { solvers } = await startWorld(t);
  const exec = {
    type: 'dns-01',
    provider: 'exec',
    command: ['/bin/true'],
    timeoutSeconds: 1,
    propagation: { timeoutSeconds: 1, publicResolvers: [] },
  } as const;
  const refused = coded('CHALLENGE_UNSUPPORTED');
  assert.throws(() => solvers({ ...httpTask(), wildcard: true }, http('auto')), refused);
  assert.throws(
    () => solvers({ ...dnsTask('192.0.2.1'), identifier: { type: 'ip', value: '192.0.2.1' } }, exec),
    refused,
  );
  assert.throws(() => solvers(dnsTask(), http('auto')), refused);
  assert.throws(() => solvers({ ...httpTask(), type: 'tls-alpn-01' }, http('auto')), refused);
  const without = createSolvers({ windows: null, clock: systemClock, random: systemRandom });
  assert.throws(() => without(httpTask(), http('webroot')), refused);
  assert.throws(() => without(httpTask(), http('http.sys')), refused);
});
