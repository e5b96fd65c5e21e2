import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { createSecureContext, TLSSocket } from 'node:tls';
import fc from 'fast-check';
import { MAX_REPLY_OCTETS, readFtpReply } from '../../src/verify/ftp-reply.ts';
import { ftpsProbe } from '../../src/verify/ftps-probe.ts';
import { makeCertificate } from './certificates.ts';
import { coded } from '../acme/support.ts';

const made = await makeCertificate({ commonName: 'files.example', names: ['files.example'] });

function secure(socket: Socket): TLSSocket {
  const secureContext = createSecureContext({ key: made.privateKeyPem, cert: made.pem });
  const tls = new TLSSocket(socket, { isServer: true, secureContext });
  tls.on('error', () => {});
  return tls;
}

/** A server that answers each line with the next of these; after `TLS` the handshake follows. */
async function serve(t: TestContext, greeting: string, ...answers: readonly string[]) {
  const lines: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    const left = [...answers];
    const say = (text: string): void => {
      socket.write(text.replace(/TLS$/, ''));
      if (!text.endsWith('TLS')) return;
      socket.removeAllListeners('data');
      secure(socket);
    };
    socket.on('data', (chunk: Buffer) => {
      lines.push(chunk.toString());
      const next = left.shift();
      if (next !== undefined) say(next);
    });
    say(greeting);
  });
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: await listening(server), lines };
}

function listening(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
  });
}

const at = (port: number, host = '', timeoutMs = 3000) => ({ address: '127.0.0.1', port, host, timeoutMs });

describe('the handshake with an FTP site', () => {
  it('follows AUTH TLS, and nothing else was sent in the clear', async (t) => {
    const { port, lines } = await serve(t, '220-Welcome\r\n220 go on\r\n', '234 TLS next\r\nTLS');
    const served = await ftpsProbe(21)(at(port));
    assert.deepEqual(Buffer.from(served.chain[0] ?? []), Buffer.from(made.der));
    assert.deepEqual(lines, ['AUTH TLS\r\n']);
  });

  it('names the host first where the site has one, and does without where the server does not know that', async (t) => {
    for (const answer of ['220 that one\r\n', '500 what?\r\n']) {
      const { port, lines } = await serve(t, '220 \r\n', answer, '234 \r\nTLS');
      await ftpsProbe(21)(at(port, 'files.example'));
      assert.deepEqual(lines, ['HOST files.example\r\n', 'AUTH TLS\r\n']);
    }
  });

  it('comes at once on the port of implicit FTPS', async (t) => {
    const { port, lines } = await serve(t, 'TLS');
    const served = await ftpsProbe(990)(at(port));
    assert.equal(served.chain.length, 1);
    assert.deepEqual(lines, []);
  });

  it('waits for a service that is ready soon', async (t) => {
    const { port } = await serve(t, '120 a moment\r\n', '234 \r\nTLS');
    const waiting = ftpsProbe(21)(at(port, '', 300));
    await assert.rejects(waiting, coded('VERIFY_TIMEOUT'));
  });

  it('fails, coded, for whatever is no agreement to TLS', async (t) => {
    const cases: readonly (readonly [reason: string, greeting: string, ...answers: string[]])[] = [
      ['ftp-534', '220 \r\n', '534 no certificate\r\n'],
      ['ftp-421', '421 too many\r\n'],
      ['ftp-no-reply', 'SSH-2.0-OpenSSH_9.6\r\n'],
      ['ftp-no-reply', 'HTTP/1.1 400 Bad Request\r\n'],
      ['ftp-no-reply', '220 one\n220 two\n'],
      ['ftp-no-reply', `220-${'x'.repeat(MAX_REPLY_OCTETS)}`],
      ['ftp-unasked', '220 \r\n', '234 \r\n230 logged in\r\n'],
    ];
    for (const [reason, ...script] of cases) {
      const { port } = await serve(t, ...script);
      await assert.rejects(ftpsProbe(21)(at(port)), (error: unknown) => {
        coded('VERIFY_HANDSHAKE_FAILED')(error);
        assert.equal((error as { facts: { reason?: string } }).facts.reason, reason);
        return true;
      });
    }
  });

  it('ends in time with a server that says nothing, trickles, or is not there, and when it is told to', async (t) => {
    const silent = await serve(t, '');
    await assert.rejects(ftpsProbe(21)(at(silent.port, '', 200)), coded('VERIFY_TIMEOUT'));
    const stuck = await serve(t, '220 \r\n', '234 \r\n');
    await assert.rejects(ftpsProbe(21)(at(stuck.port, '', 200)), coded('VERIFY_TIMEOUT'));
    await assert.rejects(ftpsProbe(21)(at(9)), coded('VERIFY_CONNECT_FAILED'));
    const reason = new Error('enough');
    const controller = new AbortController();
    const waiting = ftpsProbe(21)(at(silent.port), controller.signal);
    controller.abort(reason);
    await assert.rejects(waiting, reason);
  });
});

describe('a reply of an FTP server', () => {
  it('is one line, or several up to the one with the same code and a blank', () => {
    const code = (text: string): unknown => {
      const reply = readFtpReply(Buffer.from(text));
      return reply.kind === 'reply' ? [reply.code, reply.length] : reply.kind;
    };
    assert.deepEqual(code('220 hello\r\n'), [220, 11]);
    assert.deepEqual(code('234\r\n'), [234, 5]);
    assert.deepEqual(code('220-a\r\n 220 b\r\n221 c\r\n220-d\r\n220 e\r\nrest'), [220, 36]);
    for (const part of ['', '2', '22', '220', '220 hel', '220-a\r\n', '220-a\r\n220', '220 a\r']) {
      assert.equal(code(part), 'incomplete', JSON.stringify(part));
    }
    for (const wrong of ['620 x\r\n', 'abc\r\n', '220x\r\n', '2200\r\n', '220 a\nb\r\n', '220 a\rb\r\n', 'S', '6']) {
      assert.equal(code(wrong), 'invalid', JSON.stringify(wrong));
    }
  });

  it('property: no octets throw or last for ever, and a whole reply never depends on what follows it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 50 }), (octets, more) => {
        const reply = readFtpReply(octets);
        const after = readFtpReply(Buffer.concat([octets, more]));
        if (reply.kind !== 'incomplete') assert.deepEqual(after, reply);
      }),
    );
    assert.equal(readFtpReply(Buffer.alloc(MAX_REPLY_OCTETS, '220-')).kind, 'invalid');
  });
});
