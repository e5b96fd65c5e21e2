import assert from 'node:assert/strict';
import { request } from 'node:http';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { freePorts } from '../../lab/loopback.ts';
import { ensureLab } from '../../lab/wine/lab.ts';
import type { WinePrefix } from '../../lab/wine/prefix.ts';
import { startWineHost, type WineHost } from '../../lab/wine/wine-host.ts';

// The loop that responds to requests, with more and worse requests than the contract has.

const PATH = '/.well-known/acme-challenge/';

interface Received {
  readonly status: number;
  readonly length: string | undefined;
  readonly body: string;
}

describe('HTTP server under Wine', () => {
  let prefix: WinePrefix;
  let wine: WineHost;
  let port: number;
  let end: () => Promise<void>;
  before(async () => {
    [port = 0] = await freePorts(1);
    prefix = await (await ensureLab()).newPrefix({ applicationHostConfig: null });
    wine = await startWineHost(prefix);
    end = await wine.host.httpServer.serve(`http://+:${port}${PATH}`, ({ path }) => {
      if (path.endsWith('throws')) throw new Error('no answer');
      return path.endsWith('none') ? null : `${path.slice(PATH.length)}.žluť`;
    });
  });
  after(async () => {
    await end();
    await wine.close();
    await prefix.remove();
  });

  const ask = (name: string, method = 'GET', headers: Readonly<Record<string, string>> = {}, body = '') =>
    new Promise<Received>((resolve, reject) => {
      const options = { host: '127.0.0.1', port, path: `${PATH}${name}`, method, agent: false, timeout: 15_000 };
      const asked = request({ ...options, headers: { Host: `a.test:${port}`, ...headers } }, (answer) => {
        let text = '';
        answer.setEncoding('utf8');
        answer.on('data', (chunk: string) => {
          text += chunk;
        });
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, length: answer.headers['content-length'], body: text }),
        );
      });
      asked.on('error', reject);
      asked.on('timeout', () => asked.destroy(new Error(`no answer for ${name}`)));
      asked.end(body);
    });

  it('responds to many at a time, to each with its own body', async () => {
    for (let round = 0; round < 8; round += 1) {
      // Wine's http.sys forgets requests that nobody waits for at that moment, so that no more come at a time than the
      // loop waits for.
      const names = Array.from({ length: 30 }, (_, index) => `token-${round}-${index}`);
      const answers = await Promise.all(names.map((name) => ask(name)));
      assert.deepEqual(
        answers.map(({ body }) => body),
        names.map((name) => `${name}.žluť`),
      );
    }
  });

  it('responds to HEAD with the length alone, to other methods with 405, to a failure with 500, to nothing with 404', async () => {
    assert.deepEqual(await ask('token', 'HEAD'), { status: 200, length: '12', body: '' });
    assert.equal((await ask('token', 'POST', { 'Content-Length': '3' }, 'abc')).status, 405);
    assert.equal((await ask('throws')).status, 500);
    assert.equal((await ask('none')).status, 404);
  });

  it('responds to headers that are too long with 431, and goes on', async () => {
    assert.equal((await ask('token', 'GET', { 'X-Long': 'x'.repeat(60_000) })).status, 431);
    assert.equal((await ask('token')).body, 'token.žluť');
  });

  it('goes on when clients go away in the middle of a request or before its response', async () => {
    for (const text of [`GET ${PATH}gone HTTP/1.1\r\nHo`, `GET ${PATH}gone HTTP/1.1\r\nHost: a.test:${port}\r\n\r\n`]) {
      const sockets = Array.from({ length: 20 }, () => connect(port, '127.0.0.1'));
      await Promise.all(
        sockets.map(
          (socket) =>
            new Promise<void>((resolve) => {
              socket.on('error', () => {});
              socket.on('close', () => resolve());
              socket.write(text, () => socket.destroy());
            }),
        ),
      );
    }
    assert.equal((await ask('token')).body, 'token.žluť');
  });

  it('responds to what has arrived before it ends, and can be started again', async () => {
    const [other = 0] = await freePorts(1);
    let answer: (text: string) => void = () => {};
    const asked = new Promise<void>((resolve) => {
      answer = () => resolve();
    });
    const stop = await wine.host.httpServer.serve(`http://+:${other}/x/`, () => {
      answer('');
      return 'late';
    });
    const socket = connect(other, '127.0.0.1');
    let received = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      received += chunk;
    });
    socket.write(`GET /x/y HTTP/1.1\r\nHost: a.test:${other}\r\n\r\n`);
    await asked;
    await stop();
    const again = await wine.host.httpServer.serve(`http://+:${other}/x/`, () => 'again');
    await again();
    socket.destroy();
    assert.match(received, /^HTTP\/1\.1 200 OK/);
  });
});
