import type { TLSSocket } from 'node:tls';
import { errorCode } from '../../../src/errors/error.ts';
import type { SslRecordKey } from '../../../src/ports/windows-host.ts';
import { type Ask, type Asking, judge, judgeAll } from '../asking.ts';
import { type Authority, makeAuthority } from '../certificates.ts';
import { hostOf } from '../own-names.ts';
import {
  handshakeText,
  handshakeWith,
  listenForTls,
  placeAuthority,
  placeLeaf,
  placeLeafOfProvider,
  placeRecord,
  recordOf,
} from '../place.ts';

async function place(asking: Asking, label: string): Promise<{ readonly port: number; readonly key: SslRecordKey }> {
  const port = await asking.port();
  await listenForTls(asking, port);
  return { port, key: { kind: 'hostnameport', host: hostOf(label), port } };
}

/** Question 18. */
export const askSwitch: Ask = async (asking) => {
  const sni = hostOf('q18');
  const { port, key } = await place(asking, 'q18');
  const first = await placeLeaf(asking, { hosts: [sni] });
  const second = await placeLeaf(asking, { hosts: [sni] });
  await placeRecord(asking, recordOf(key, first));
  let open: TLSSocket | null = null;
  let session: Buffer | null = null;
  await handshakeWith(asking, {
    port,
    sni,
    record: key,
    keep: (socket) => {
      open = socket;
      socket.on('session', (ticket) => {
        session = ticket;
      });
      socket.on('error', () => {});
    },
  });
  const before = await ask(open, sni);
  const began = performance.now();
  await asking.host.sslRecords.update(recordOf(key, second));
  let tries = 0;
  let leaf: string | null = null;
  while (leaf !== second.thumbprint && tries < 20) {
    tries += 1;
    leaf = (await handshakeWith(asking, { port, sni, record: key })).leaf;
  }
  const ms = Math.round(performance.now() - began);
  const after = await ask(open, sni);
  (open as TLSSocket | null)?.destroy();
  const resumed = session === null ? null : await resume(asking, port, sni, session);
  return judgeAll([
    [tries === 1 && leaf === second.thumbprint, `the new leaf at handshake ${tries}, ${ms} ms after the update`],
    [before === after, `the open connection: ${before} before, ${after} after`],
    [true, `a session from before: ${resumed ?? 'none was given'}`],
  ]);
};

/** A request on an open connection; what came back, in a word. */
function ask(socket: TLSSocket | null, host: string): Promise<string> {
  return new Promise((resolve) => {
    if (socket === null || socket.destroyed) {
      resolve('closed');
      return;
    }
    const timer = setTimeout(() => resolve('silence'), 10_000);
    const end = (word: string): void => {
      clearTimeout(timer);
      resolve(word);
    };
    socket.once('data', (octets: Buffer) =>
      end(/^HTTP\/1\.1 (\d{3})/.exec(octets.toString('latin1'))?.[1] ?? 'octets'),
    );
    socket.once('close', () => end('closed'));
    socket.write(`GET /everbind-first-run/ HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  });
}

async function resume(asking: Asking, port: number, sni: string, session: Buffer): Promise<string> {
  let reused = false;
  const seen = await handshakeWith(asking, {
    port,
    sni,
    options: { session },
    keep: (socket) => {
      reused = socket.isSessionReused();
      socket.destroy();
    },
  });
  return seen.error === null ? (reused ? 'resumed' : 'not resumed') : `failed (${seen.error})`;
}

/** Question 19. */
export const askChain: Ask = async (asking) => {
  const { random, clock } = asking;
  const sni = hostOf('q19');
  const parts: [boolean, string][] = [];
  const root = makeAuthority(random, clock.now(), 'root');
  const look = async (what: string, issuer: Authority, expected: readonly string[]): Promise<void> => {
    const { port, key } = await place(asking, 'q19');
    const leaf = await placeLeaf(asking, { hosts: [sni], issuer });
    await placeRecord(asking, recordOf(key, leaf));
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const options = { minVersion: version, maxVersion: version };
      const { chain, error } = await handshakeWith(asking, { port, sni, record: key, options });
      const names = new Map([
        [leaf.thumbprint, 'leaf'],
        [issuer.thumbprint, 'intermediate'],
        [root.thumbprint, 'root'],
      ]);
      const seen = chain.map((thumbprint) => names.get(thumbprint) ?? 'another');
      const text = error === null ? seen.join(', ') : `failed (${error})`;
      parts.push([['leaf', ...expected].join() === seen.join(), `${what}, ${version}: ${text}`]);
    }
  };
  await look('no intermediate anywhere', makeAuthority(random, clock.now(), 'absent', { issuer: root }), []);
  const inCa = makeAuthority(random, clock.now(), 'in CA', { issuer: root });
  await placeAuthority(asking, 'CA', inCa);
  await look('intermediate in CA', inCa, ['intermediate']);
  // A root of nobody's that certifies the same key as the first one: which of two paths is sent?
  const crossed = makeAuthority(random, clock.now(), 'crossed', { issuer: root });
  const cross = makeAuthority(random, clock.now(), 'cross', {
    issuer: makeAuthority(random, clock.now(), 'other root'),
    like: root,
  });
  await placeAuthority(asking, 'CA', crossed);
  await placeAuthority(asking, 'CA', cross);
  const before = parts.length;
  await look('intermediate and cross-signed root in CA', crossed, ['intermediate', 'another']);
  // Both paths are good: what is sent is noted, not judged.
  for (const part of parts.slice(before)) part[0] = part[1].includes('leaf, intermediate');
  return judgeAll(parts);
};

/** Question 20. 192.0.2.0/24 is for documentation (RFC 5737): nobody responds. */
export const askUnreachable: Ask = async (asking) => {
  const sni = hostOf('q20');
  const { port, key } = await place(asking, 'q20');
  const issuer = makeAuthority(asking.random, asking.clock.now(), 'out of reach', {
    issuer: makeAuthority(asking.random, asking.clock.now(), 'out of reach root'),
  });
  const leaf = await placeLeaf(asking, { hosts: [sni], issuer, issuerAt: 'http://192.0.2.1/everbind-first-run.crt' });
  await placeRecord(asking, recordOf(key, leaf));
  const texts: string[] = [];
  let worst = 0;
  let failed = false;
  for (let attempt = 1; attempt <= 5; attempt += 1) {
    const seen = await handshakeWith(asking, { port, sni, record: key });
    worst = Math.max(worst, seen.ms);
    failed ||= seen.leaf !== leaf.thumbprint;
    texts.push(handshakeText(seen));
  }
  return judgeAll([[!failed && worst < 10_000, `handshakes 1 to 5: ${texts.join(', ')}`]]);
};

/** Question 21. */
export const askSigningOnly: Ask = async (asking) => {
  const sni = hostOf('q21');
  const { port, key } = await place(asking, 'q21');
  const { leaf } = await placeLeafOfProvider(asking, { hosts: [sni], algorithm: 'rsa-2048', number: 0 });
  await placeRecord(asking, recordOf(key, leaf));
  const tls12 = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const;
  const shake = (options: object): ReturnType<typeof handshakeWith> =>
    handshakeWith(asking, { port, sni, record: key, options });
  const modern = await shake({});
  const ecdhe = await shake({ ...tls12, ciphers: 'ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0' });
  const rsa = await shake({ ...tls12, ciphers: 'AES128-SHA:AES128-SHA256:AES128-GCM-SHA256:@SECLEVEL=0' });
  return judgeAll([
    [modern.error === null, `any suite: ${handshakeText(modern)}`],
    [ecdhe.error === null, `ECDHE-RSA in TLS 1.2: ${handshakeText(ecdhe)}`],
    [true, `TLS_RSA alone: ${handshakeText(rsa)}`],
  ]);
};

/** Question 22. The flags are HTTP_SERVICE_CONFIG_SSL_FLAG_… of http.h. */
export const askProbe: Ask = async (asking) => {
  const sni = hostOf('q22');
  const leaf = await placeLeaf(asking, { hosts: [sni] });
  const parts: [boolean, string][] = [];
  for (const [what, flags, completes] of [
    ['nothing set', 0, true],
    ['a client certificate is asked for', 0x2, true],
    ['no TLS 1.3', 0x40, true],
    ['no TLS below 1.2', 0x400, true],
    ['no TLS 1.2', 0x1000, true],
    ['neither TLS 1.2 nor 1.3', 0x1040, false],
  ] as const) {
    const { port, key } = await place(asking, 'q22');
    await placeRecord(asking, recordOf(key, leaf, { flags }));
    const [endpoint] = await asking.host.endpoints('*', port);
    const outcome =
      endpoint === undefined
        ? 'nothing listens'
        : await asking.probe({ ...endpoint, host: sni, timeoutMs: 30_000 }).then(({ protocol }) => protocol, errorCode);
    // Whether a version is there at all depends on the machine; a failure of the last one is what Windows promises.
    parts.push([completes ? outcome.startsWith('TLSv1') : true, `${what}: ${outcome}`]);
  }
  return judge(parts);
};
