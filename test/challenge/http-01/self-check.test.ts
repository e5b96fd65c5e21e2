import assert from 'node:assert/strict';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { createSelfCheck, type SelfCheck } from '../../../src/challenge/http-01/self-check.ts';
import type { ResolveEndpoints } from '../../../src/challenge/http-01/endpoints.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import type { Endpoint } from '../../../src/ports/windows-host.ts';
import { EverbindError } from '../../../src/errors/error.ts';
import { freePorts } from '../../../lab/loopback.ts';
import { createLabCa } from '../../../lab/test-ca.ts';
import { coded, httpTask } from '../support.ts';

const NAME = 'shop.everbind.test';

/** Does not wait, only counts. */
function countingClock(): Clock & { readonly slept: number[] } {
  const slept: number[] = [];
  return { slept, now: () => 0, sleep: async (ms) => void slept.push(ms) };
}

async function listen(t: TestContext, server: Server | ReturnType<typeof createTcpServer>): Promise<Endpoint> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    if ('closeAllConnections' in server) server.closeAllConnections();
  });
  return { address: '127.0.0.1', port: (server.address() as AddressInfo).port };
}

const serve = (t: TestContext, handler: RequestListener): Promise<Endpoint> => listen(t, createServer(handler));

function checkAt(
  endpoints: readonly Endpoint[] | ResolveEndpoints,
  clock: Clock = countingClock(),
  timeoutMs = 30_000,
): SelfCheck {
  const resolve = typeof endpoints === 'function' ? endpoints : async () => endpoints;
  return createSelfCheck({ resolve, clock, timeoutMs });
}

test('the challenge response is requested as a CA does: path, host, no body', async (t) => {
  const task = httpTask(NAME);
  const asked: string[] = [];
  const endpoint = await serve(t, (request, response) => {
    asked.push(`${request.method} ${request.headers.host} ${request.url}`);
    // Trailing white space is no difference (RFC 8555 section 8.3).
    response.end(`${task.keyAuthorization}\r\n`);
  });
  assert.equal(await checkAt([endpoint])(task), 'seen');
  assert.deepEqual(asked, [`GET ${NAME} /.well-known/acme-challenge/${task.token}`]);
});

test('an IPv6 name stands in brackets in the Host header', async (t) => {
  const task = httpTask('2001:db8::9', 'ip');
  const endpoint = await serve(t, (request, response) => {
    response.end(request.headers.host === '[2001:db8::9]' ? task.keyAuthorization : '');
  });
  assert.equal(await checkAt([endpoint])(task), 'seen');
});

const failures: readonly (readonly [reason: string, handler: RequestListener])[] = [
  ['not-found', (_request, response) => response.writeHead(404).end()],
  ['http-status', (_request, response) => response.writeHead(403).end()],
  ['http-status', (_request, response) => response.writeHead(500).end('x'.repeat(5_000))],
  ['http-status', (_request, response) => response.writeHead(304).end()],
  ['wrong-body', (_request, response) => response.end('<html>hello</html>')],
  ['wrong-body', (_request, response) => response.end()],
  ['body-too-large', (_request, response) => response.end('x'.repeat(2_000))],
  ['redirect-loop', (request, response) => response.writeHead(302, { location: request.url }).end()],
  ['redirect-loop', (request, response) => response.writeHead(307, { location: `${request.url}x` }).end()],
  ['redirect-refused', (_request, response) => response.writeHead(301).end()],
  ['redirect-refused', (_request, response) => response.writeHead(301, { location: `http://${NAME}:8080/` }).end()],
  ['redirect-refused', (_request, response) => response.writeHead(301, { location: 'ftp://x.test/' }).end()],
  ['redirect-refused', (_request, response) => response.writeHead(301, { location: 'http://u:p@x.test/' }).end()],
  ['redirect-refused', (_request, response) => response.writeHead(301, { location: 'http://[' }).end()],
  ['connection-timeout', () => {}],
  ['connection-timeout', (_request, response) => response.writeHead(200).write('slow')],
  ['connection-failed', (request) => request.socket.destroy()],
  ['connection-failed', (request, response) => (response.write('x'), setTimeout(() => request.socket.destroy(), 5))],
];

for (const [index, [reason, handler]] of failures.entries()) {
  test(`failure ${index + 1}: ${reason}`, async (t) => {
    const endpoint = await serve(t, handler);
    const clock = countingClock();
    const check = checkAt([endpoint], clock, reason === 'connection-timeout' ? 300 : undefined);
    await assert.rejects(check(httpTask(NAME), { waits: [0, 50] }), (error) => {
      assert.ok(coded('CHALLENGE_SELF_CHECK_FAILED', reason)(error), String(error));
      assert.ok(error instanceof EverbindError);
      assert.equal(error.details['name'], NAME);
      assert.equal(error.details['attempts'], 2);
      assert.match(error.message, /; .{20}/, 'says what to do');
      return true;
    });
    assert.deepEqual(clock.slept, [50]);
  });
}

test('a closed port, a port that speaks no HTTP and a name without endpoints', async (t) => {
  const [closed = 0] = await freePorts(1);
  const waits = { waits: [0] };
  const refused = checkAt([{ address: '127.0.0.1', port: closed }]);
  await assert.rejects(refused(httpTask(), waits), coded('CHALLENGE_SELF_CHECK_FAILED', 'connection-refused'));
  const babble = await listen(
    t,
    createTcpServer((socket) => void socket.on('error', () => {}).end('220 smtp\r\n')),
  );
  await assert.rejects(checkAt([babble])(httpTask(), waits), coded('CHALLENGE_SELF_CHECK_FAILED', 'connection-failed'));
  await assert.rejects(checkAt([])(httpTask(), waits), coded('CHALLENGE_SELF_CHECK_FAILED', 'no-endpoint'));
});

test('a response without end is not read to its end', async (t) => {
  let sent = 0;
  const endpoint = await serve(t, (_request, response) => {
    const more = (): void => {
      sent += 65_536;
      if (!response.destroyed && response.write('x'.repeat(65_536))) setImmediate(more);
      else response.once('drain', more);
    };
    more();
  });
  await assert.rejects(
    checkAt([endpoint])(httpTask(), { waits: [0] }),
    coded('CHALLENGE_SELF_CHECK_FAILED', 'body-too-large'),
  );
  assert.ok(sent < 64 * 1024 * 1024);
});

test('what is not there at once is asked for again', async (t) => {
  const task = httpTask();
  let asked = 0;
  const endpoint = await serve(t, (_request, response) => {
    asked += 1;
    if (asked < 4) response.writeHead(404).end();
    else response.end(task.keyAuthorization);
  });
  const clock = countingClock();
  assert.equal(await checkAt([endpoint], clock)(task), 'seen');
  assert.deepEqual(clock.slept, [50, 200, 1_000]);
});

test('every endpoint that responds must respond correctly; one that nothing listens on does not matter', async (t) => {
  const task = httpTask();
  const right = await serve(t, (_request, response) => response.end(task.keyAuthorization));
  const wrong = await serve(t, (_request, response) => response.writeHead(404).end());
  const [port = 0] = await freePorts(1);
  const closed = { address: '127.0.0.1', port };
  assert.equal(await checkAt([closed, right])(task), 'seen');
  await assert.rejects(
    checkAt([right, wrong, closed])(task, { waits: [0] }),
    coded('CHALLENGE_SELF_CHECK_FAILED', 'not-found'),
  );
});

test('redirects are followed across hosts, at most ten', async (t) => {
  const task = httpTask(NAME);
  for (const [hops, outcome] of [
    [10, 'seen'],
    [11, 'redirect-loop'],
  ] as const) {
    const endpoint = await serve(t, (request, response) => {
      const step = Number(/\d+$/.exec(request.headers.host ?? '')?.[0] ?? 0);
      if (step === hops) response.end(task.keyAuthorization);
      else response.writeHead(302, { location: `http://hop-${step + 1}${request.url}` }).end();
    });
    const check = checkAt([endpoint])(task, { waits: [0] });
    if (outcome === 'seen') assert.equal(await check, 'seen');
    else await assert.rejects(check, coded('CHALLENGE_SELF_CHECK_FAILED', outcome));
  }
});

test('a redirect to a host that cannot be found', async (t) => {
  const endpoint = await serve(t, (_request, response) =>
    response.writeHead(301, { location: 'http://elsewhere.test/x' }).end(),
  );
  const check = checkAt(async (host) => (host === NAME ? [endpoint] : []));
  await assert.rejects(check(httpTask(NAME), { waits: [0] }), (error) => {
    assert.ok(coded('CHALLENGE_SELF_CHECK_FAILED', 'no-endpoint')(error));
    assert.equal((error as EverbindError).details['host'], 'elsewhere.test');
    return true;
  });
});

test('a redirect to https with a certificate that cannot be trusted counts, and nothing is asked there', async (t) => {
  const ca = await createLabCa('self-check test');
  const day = 86_400_000;
  const expired = await ca.issue({
    names: [NAME],
    notBefore: new Date(Date.now() - 90 * day),
    notAfter: new Date(Date.now() - day),
  });
  let asked = 0;
  const secure = await listen(
    t,
    createTlsServer({ cert: expired.certificatePem, key: expired.privateKeyPem }, (_request, response) => {
      asked += 1;
      response.end();
    }),
  );
  const plain = await serve(t, (request, response) =>
    response.writeHead(301, { location: `https://${NAME}${request.url}` }).end(),
  );
  const check = checkAt(async (_host, port) => [port === 443 ? secure : plain]);
  assert.equal(await check(httpTask(NAME)), 'redirected-unverified');
  assert.equal(asked, 0);
});

test('a redirect to https where nobody listens or no TLS is spoken fails', async (t) => {
  const [port = 0] = await freePorts(1);
  const plain = await serve(t, (request, response) =>
    response.writeHead(301, { location: `https://${NAME}${request.url}` }).end(),
  );
  for (const [secure, reason] of [
    [{ address: '127.0.0.1', port }, 'connection-refused'],
    [plain, 'connection-failed'],
  ] as const) {
    const check = checkAt(async (_host, outside) => [outside === 443 ? secure : plain]);
    await assert.rejects(check(httpTask(NAME), { waits: [0] }), coded('CHALLENGE_SELF_CHECK_FAILED', reason));
  }
});

test('a wait and a request end with the signal', async (t) => {
  const stuck = await serve(t, () => {});
  const reason = new Error('stop');
  const check = createSelfCheck({ resolve: async () => [stuck], clock: countingClock(), timeoutMs: 60_000 });
  const controller = new AbortController();
  const checking = check(httpTask(), { signal: controller.signal });
  setTimeout(() => controller.abort(reason), 20);
  await assert.rejects(checking, reason);
  await assert.rejects(check(httpTask(), { signal: controller.signal }), reason);
});
