import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startServer, testAuthority, type TestServer } from './https-server.ts';
import { runCommand } from '../../lab/run-command.ts';

// A real TLS server whose root only the environment of the process names: the connection to a CA does not trust it.

let folder: string;
let root: string;
let server: TestServer;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'everbind-roots-'));
  root = join(folder, 'root.pem');
  writeFileSync(root, (await testAuthority()).certificatePem);
  // As OpenSSL looks files of a folder up: by a hash of the subject.
  const { stdout } = await runCommand('openssl', ['x509', '-in', root, '-noout', '-hash']);
  writeFileSync(join(folder, `${stdout.trim()}.0`), (await testAuthority()).certificatePem);
  server = await startServer((_request, response) => response.end('trusted'));
});
after(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

/** What a process with these variables says of the server: 'trusted', or the code of its error. */
async function ask(variables: Readonly<Record<string, string>>, roots: readonly string[] = []): Promise<string> {
  const program = `
    import { createTransport } from ${JSON.stringify(new URL('../../src/net/transport.ts', import.meta.url).href)};
    import { certificateRoots } from ${JSON.stringify(new URL('../../src/agent/issuer-parts.ts', import.meta.url).href)};
    import { readFileSync } from 'node:fs';
    import { X509Certificate } from 'node:crypto';
    const [url, root, ...roots] = process.argv.slice(1);
    const transport = createTransport({ systemRoots: true, roots, proxy: null });
    const said = await transport({ method: 'GET', url, headers: {}, maxBytes: 100, timeoutMs: 30000 }).then(
      ({ body }) => Buffer.from(body).toString(), (error) => error.code);
    const { raw } = new X509Certificate(readFileSync(root));
    const known = (await certificateRoots({ certificateRoots: [] })).some((der) => raw.equals(der));
    console.log(known ? said + ', and certificates may end in its root' : said);
    transport.close();`;
  const clean = Object.entries(process.env).filter(([name]) => !/^(?:SSL_CERT_|NODE_)/.test(name));
  const { stdout, stderr } = await runCommand(
    process.execPath,
    ['--input-type=module', '--eval', program, '--', server.url, root, ...roots],
    { env: { ...Object.fromEntries(clean), ...variables } },
  );
  return stdout.trim() === '' ? stderr : stdout.trim();
}

describe('the connection to a CA', () => {
  it('trusts a root that the configuration names', async () => {
    assert.equal(await ask({}, [(await testAuthority()).certificatePem]), 'trusted');
  });

  it('does not trust the server without it', async () => {
    assert.equal(await ask({}), 'NET_SERVER_UNTRUSTED');
  });

  const cases: Readonly<Record<string, () => Readonly<Record<string, string>>>> = {
    NODE_EXTRA_CA_CERTS: () => ({ NODE_EXTRA_CA_CERTS: root }),
    SSL_CERT_FILE: () => ({ SSL_CERT_FILE: root }),
    SSL_CERT_DIR: () => ({ SSL_CERT_DIR: folder }),
    'SSL_CERT_FILE, with OpenSSL’s own store': () => ({ SSL_CERT_FILE: root, NODE_OPTIONS: '--use-openssl-ca' }),
    'NODE_TLS_REJECT_UNAUTHORIZED=0': () => ({ NODE_TLS_REJECT_UNAUTHORIZED: '0' }),
    'all of them': () => ({
      NODE_EXTRA_CA_CERTS: root,
      SSL_CERT_FILE: root,
      SSL_CERT_DIR: folder,
      NODE_TLS_REJECT_UNAUTHORIZED: '0',
    }),
  };
  for (const [what, variables] of Object.entries(cases)) {
    it(`does not trust it for ${what}`, { skip: process.platform === 'win32' }, async () => {
      assert.equal(await ask(variables()), 'NET_SERVER_UNTRUSTED');
    });
  }
});
