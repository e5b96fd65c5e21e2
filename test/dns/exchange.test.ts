import assert from 'node:assert/strict';
import { createSocket, type RemoteInfo } from 'node:dgram';
import { createServer } from 'node:net';
import { test, type TestContext } from 'node:test';
import { freePorts } from '../../lab/loopback.ts';
import { exchange } from '../../src/dns/exchange.ts';
import { CLASS_IN, encodeQuery, TYPES, uint16, uint32 } from '../../src/dns/wire/message.ts';
import { encodeName } from '../../src/dns/wire/name.ts';
import { createResolver, dataOf } from '../../src/dns/resolver.ts';
import { parseServer, serverText } from '../../src/dns/wire/server-text.ts';
import { EverbindError } from '../../src/errors/error.ts';
import { systemRandom } from '../../src/net/system.ts';

const NAME = 'shop.example';

/** The response to a query: its octets with the flags, and one TXT record when there is a text. */
function reply(question: Buffer, flags: number, text: string | null): Buffer {
  const head = Buffer.from(question);
  head.writeUInt16BE(flags, 2);
  if (text === null) return head;
  head.writeUInt16BE(1, 6);
  const content = Buffer.concat([Uint8Array.of(text.length), Buffer.from(text)]);
  return Buffer.concat([
    head,
    encodeName(NAME),
    uint16(TYPES.TXT),
    uint16(CLASS_IN),
    uint32(1),
    uint16(content.length),
    content,
  ]);
}

interface Behaviour {
  udp?(question: Buffer, send: (octets: Uint8Array) => void): void;
  /** What is written to the connection; null closes it. */
  tcp?(question: Buffer): Uint8Array | null;
}

/** A server that behaves so, and what it was asked. */
async function server(t: TestContext, behaviour: Behaviour) {
  const [port = 0] = await freePorts(1);
  const asked: string[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (question: Buffer, from: RemoteInfo) => {
    asked.push('udp');
    behaviour.udp?.(question, (octets) => socket.send(octets, from.port, from.address));
  });
  await new Promise<void>((resolve) => socket.bind(port, '127.0.0.1', () => resolve()));
  const listener = createServer((connection) => {
    connection.on('error', () => {});
    connection.once('data', (chunk: Buffer) => {
      asked.push('tcp');
      const answer = behaviour.tcp?.(chunk.subarray(2)) ?? null;
      if (answer === null) connection.destroy();
      else connection.write(answer);
    });
  });
  await new Promise<void>((resolve) => listener.listen(port, '127.0.0.1', () => resolve()));
  t.after(() => {
    socket.close();
    listener.close();
  });
  return { at: { address: '127.0.0.1', port }, asked };
}

/** The same by UDP and TCP: on a machine that stands still for seconds, UDP times out. */
function both(answer: (question: Buffer) => Uint8Array): Behaviour {
  return { udp: (question, send) => send(answer(question)), tcp: (question) => framed(answer(question)) };
}

const framed = (octets: Uint8Array): Uint8Array => Buffer.concat([uint16(octets.length), octets]);
const failed = (reason: string) => (error: unknown) =>
  error instanceof EverbindError && error.code === 'DNS_QUERY_FAILED' && error.details['reason'] === reason;

test('a response by UDP', async (t) => {
  const { at, asked } = await server(
    t,
    both((question) => reply(question, 0x8400, 'one')),
  );
  const { message } = await exchange(at, encodeQuery(7, NAME, 'TXT', false), 'udp');
  assert.deepEqual(dataOf(message.answers, 'TXT'), [{ type: 'TXT', text: 'one' }]);
  assert.equal(asked[0], 'udp');
});

test('what does not fit comes by TCP, whole', async (t) => {
  const { at, asked } = await server(t, {
    udp: (question, send) => send(reply(question, 0x8600, null)),
    tcp: (question) => framed(reply(question, 0x8400, 'two')),
  });
  const { message } = await exchange(at, encodeQuery(7, NAME, 'TXT', false), 'udp');
  assert.equal(dataOf(message.answers, 'TXT')[0]?.text, 'two');
  assert.equal(asked.at(-1), 'tcp');
});

test('UDP that is swallowed is tried again, then TCP', async (t) => {
  const { at, asked } = await server(t, { tcp: (question) => framed(reply(question, 0x8400, 'three')) });
  await exchange(at, encodeQuery(7, NAME, 'TXT', false), 'udp');
  assert.deepEqual(asked, ['udp', 'udp', 'tcp']);
  asked.length = 0;
  await exchange(at, encodeQuery(7, NAME, 'TXT', false), 'tcp');
  assert.deepEqual(asked, ['tcp']);
});

test('what is no response to the query is not taken for one', async (t) => {
  const { at } = await server(t, {
    ...both((question) => reply(question, 0x8400, 'honest')),
    udp: (question, send) => {
      const otherId = reply(question, 0x8400, 'forged');
      otherId.writeUInt16BE(question.readUInt16BE(0) ^ 1, 0);
      const otherName = reply(
        Buffer.from(encodeQuery(question.readUInt16BE(0), 'shop.examplf', 'TXT', false)),
        0x8400,
        'forged',
      );
      const otherType = reply(Buffer.from(encodeQuery(question.readUInt16BE(0), NAME, 'A', false)), 0x8400, 'forged');
      send(otherId);
      send(otherName);
      send(otherType);
      send(question);
      send(Buffer.from('no DNS'));
      send(reply(question, 0x8400, 'honest'));
    },
  });
  const { message } = await exchange(at, encodeQuery(7, NAME, 'TXT', false), 'udp');
  assert.equal(dataOf(message.answers, 'TXT')[0]?.text, 'honest');
});

test('a port that nobody listens at, a connection that breaks, a response that is no DNS', async (t) => {
  const [port = 0] = await freePorts(1);
  const question = encodeQuery(7, NAME, 'TXT', false);
  await assert.rejects(exchange({ address: '127.0.0.1', port }, question, 'udp'), failed('ECONNREFUSED'));
  const broken = await server(t, {});
  await assert.rejects(exchange(broken.at, question, 'tcp'), failed('ECONNRESET'));
  const odd = await server(t, { tcp: () => framed(Buffer.from('no DNS at all')) });
  await assert.rejects(exchange(odd.at, question, 'tcp'), failed('UNUSABLE'));
});

test('a signal ends it', async (t) => {
  const { at } = await server(t, { tcp: () => Uint8Array.of(0) });
  const reason = new Error('stop');
  for (const transport of ['udp', 'tcp'] as const) {
    const controller = new AbortController();
    const asking = exchange(at, encodeQuery(7, NAME, 'TXT', false), transport, controller.signal);
    controller.abort(reason);
    await assert.rejects(asking, reason);
    await assert.rejects(exchange(at, encodeQuery(7, NAME, 'TXT', false), transport, controller.signal), reason);
  }
});

test('the next resolver is asked when one fails, not when the name does not exist', async (t) => {
  const refusing = await server(
    t,
    both((question) => reply(question, 0x8005, null)),
  );
  const knowing = await server(
    t,
    both((question) => reply(question, 0x8003, null)),
  );
  const text = (place: { at: { address: string; port: number } }): string => serverText(place.at);
  const two = createResolver({ random: systemRandom, servers: [text(refusing), text(knowing)] });
  assert.equal((await two.lookup(NAME, 'TXT')).rcode, 'NXDOMAIN');
  const one = createResolver({ random: systemRandom, servers: [text(refusing)] });
  await assert.rejects(one.lookup(NAME, 'TXT'), failed('REFUSED'));
  await assert.rejects(createResolver({ random: systemRandom, servers: [] }).lookup(NAME, 'TXT'), failed('none'));
});

test('addresses of servers as text', () => {
  for (const [text, address, port] of [
    ['192.0.2.1', '192.0.2.1', 53],
    ['192.0.2.1:5353', '192.0.2.1', 5353],
    ['2001:db8::1', '2001:db8::1', 53],
    ['[2001:db8::1]:5353', '2001:db8::1', 5353],
  ] as const) {
    assert.deepEqual(parseServer(text), { address, port });
    assert.equal(serverText(parseServer(text)), text);
  }
  for (const text of ['', 'dns.example', '192.0.2.1:0', '192.0.2.1:65536', '[192.0.2.1', '192.0.2', ':53']) {
    assert.throws(() => parseServer(text), { code: 'DNS_PROVIDER_SETTING' }, text);
  }
});
