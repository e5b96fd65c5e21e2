import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { startServer, type TestServer } from '../../net/https-server.ts';

/** What a double of an API sees of one request. */
export interface DoubleRequest {
  readonly method: string;
  /** Without the query, still encoded. */
  readonly path: string;
  /** As it stands behind the question mark. */
  readonly rawQuery: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
  /** The body, which must be declared to be JSON. */
  json(): unknown;
}

export interface DoubleAnswer {
  readonly status: number;
  readonly json?: unknown;
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface DoubleServer {
  readonly url: string;
  /** Sets what requests get from now on. What `answer` throws is a breach of the contract. */
  use(answer: (request: DoubleRequest) => DoubleAnswer): void;
  /** Throws the first breach since the last call. */
  settle(): void;
  stop(): Promise<void>;
}

/** A loopback server that plays a DNS host. */
export async function startDouble(): Promise<DoubleServer> {
  let answer: (request: DoubleRequest) => DoubleAnswer = () => assert.fail('no double is in place');
  let breaches: unknown[] = [];
  async function respond(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await read(incoming);
    checkForm(request);
    send(response, answer(request));
  }
  const server: TestServer = await startServer(
    (incoming, response) => {
      respond(incoming, response).catch((error: unknown) => {
        breaches.push(error);
        send(response, { status: 418 });
      });
    },
    { plain: true },
  );
  return {
    url: server.url,
    use: (next) => {
      answer = next;
    },
    settle: () => {
      const [first] = breaches;
      breaches = [];
      if (first !== undefined) throw first as Error;
    },
    stop: () => server.stop(),
  };
}

async function read(incoming: IncomingMessage): Promise<DoubleRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks).toString('utf8');
  const [path = '', rawQuery = ''] = (incoming.url ?? '').split('?');
  const pairs = [...new URLSearchParams(rawQuery)];
  assert.equal(new Set(pairs.map(([name]) => name)).size, pairs.length, 'a parameter stands twice');
  return {
    method: incoming.method ?? '',
    path,
    rawQuery,
    query: Object.fromEntries(pairs),
    headers: incoming.headers as Record<string, string | undefined>,
    body,
    json: () => {
      assert.match(incoming.headers['content-type'] ?? '', /^application\/json(; charset=utf-8)?$/);
      return JSON.parse(body) as unknown;
    },
  };
}

/** What every API wants: a length where there is a body, none where there cannot be one, a type for every body. */
function checkForm({ method, headers, body }: DoubleRequest): void {
  assert.equal(headers['transfer-encoding'], undefined);
  if (method === 'GET') assert.equal(body, '');
  if (body === '') assert.equal(headers['content-type'], undefined, 'a type without a body');
  else assert.notEqual(headers['content-type'], undefined, 'a body without a type');
}

function send(response: ServerResponse, { status, json, text, headers }: DoubleAnswer): void {
  const body = json === undefined ? (text ?? '') : JSON.stringify(json);
  const type = json === undefined ? {} : { 'content-type': 'application/json' };
  response.writeHead(status, { ...type, ...headers });
  response.end(body);
}
