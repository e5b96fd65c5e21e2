import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { Agent, request } from 'node:https';
import { createGate, needsGate } from '../lab/pebble/gate.ts';
import { type IssueFigures, ownFigures } from './figures.ts';
import { leanRequest } from './lean-request.ts';

// The ceiling: what is left of issuing when nothing is kept, checked or waited for. As many certificates at a time as
// connections, pooled nonces, one poll after another. No state, no audit log, no error that is not the end. It says how
// fast Node and the CA can be, no more.

const { directoryUrl, ca, count, concurrency } = JSON.parse(process.argv[2] ?? '{}') as {
  directoryUrl: string;
  ca: string;
  count: number;
  concurrency: number;
};

interface CaResponse {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const agent = new Agent({ keepAlive: true, maxSockets: concurrency, ca, scheduling: 'lifo' });
const pass = createGate();
const nonces: string[] = [];
let requests = 0;
// Directory and account; nonces come to these.
let runRequests = 2;

function exchange(method: 'GET' | 'POST', url: string, body?: string): Promise<CaResponse> {
  requests += 1;
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/jose+json', 'user-agent': 'lean' };
    const call = request(url, { method, agent, headers }, (response) => {
      let text = '';
      response.setEncoding('latin1');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => {
        const nonce = response.headers['replay-nonce'];
        if (typeof nonce === 'string') nonces.push(nonce);
        if ((response.statusCode ?? 500) < 300) resolve({ headers: response.headers, body: text });
        else reject(new Error(`${url}: ${response.statusCode} ${text}`));
      });
    });
    call.on('error', reject);
    call.end(body);
  });
}

const account = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const directory = JSON.parse((await exchange('GET', directoryUrl)).body) as Record<string, string>;
const named = (name: string): string => directory[name] ?? '';
let key: object = { jwk: account.publicKey.export({ format: 'jwk' }) };

async function post(url: string, payload: object | ''): Promise<CaResponse> {
  if (nonces.length === 0) {
    runRequests += 1;
    await exchange('GET', named('newNonce'));
  }
  const nonce = nonces.pop();
  const head = Buffer.from(JSON.stringify({ alg: 'ES256', ...key, nonce, url })).toString('base64url');
  const text = payload === '' ? '' : Buffer.from(JSON.stringify(payload)).toString('base64url');
  const signature = signed(account.privateKey, `${head}.${text}`);
  const body = `{"protected":"${head}","payload":"${text}","signature":"${signature}"}`;
  const send = (): Promise<CaResponse> => exchange('POST', url, body);
  return needsGate(url) ? pass(send) : send();
}

function signed(privateKey: KeyObject, text: string): string {
  return sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url');
}

async function poll(url: string, until: string): Promise<Record<string, string>> {
  for (;;) {
    const order = JSON.parse((await post(url, '')).body) as Record<string, string>;
    if (order['status'] === until) return order;
    if (order['status'] === 'invalid') throw new Error(`${url} is invalid`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function issue(name: string): Promise<void> {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const order = await post(named('newOrder'), { identifiers: [{ type: 'dns', value: name }] });
  const url = order.headers.location ?? '';
  const { authorizations, finalize } = JSON.parse(order.body) as { authorizations: string[]; finalize: string };
  for (const authorization of authorizations) {
    const { challenges } = JSON.parse((await post(authorization, '')).body) as {
      challenges: { type: string; url: string }[];
    };
    await post(challenges.find(({ type }) => type === 'http-01')?.url ?? '', {});
  }
  await poll(url, 'ready');
  await post(finalize, { csr: leanRequest(pair, name).toString('base64url') });
  const { certificate } = await poll(url, 'valid');
  const chain = await post(certificate ?? '', '');
  if (!chain.body.includes('BEGIN CERTIFICATE')) throw new Error('no certificate');
}

const started = performance.now();
key = { kid: (await post(named('newAccount'), { termsOfServiceAgreed: true })).headers.location };
let next = 0;
const worker = async (): Promise<void> => {
  while (next < count) await issue(`lean-${next++}.bench.test`);
};
await Promise.all(Array.from({ length: concurrency }, worker));
const wallMs = performance.now() - started;
agent.destroy();
const figures: IssueFigures = {
  certificates: count,
  wallMs,
  requests: requests - runRequests,
  runRequests,
  connections: concurrency,
  ...ownFigures(),
};
console.log(JSON.stringify(figures));
