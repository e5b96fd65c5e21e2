import assert from 'node:assert/strict';
import { get } from 'node:http';
import { after, before, describe, it } from 'node:test';
import type { WindowsHost } from '../../src/ports/windows-host.ts';
import { type ContractContext, type ContractHost, statusOf } from './windows-host-support.ts';

export function httpServerContract(name: string, { open }: ContractContext): void {
  describe(`${name}: HTTP server`, () => {
    let opened: ContractHost;
    before(async () => {
      opened = await open();
    });
    after(() => opened.close());

    it('responds below its prefix with host and path of the request, with 404 for null, and with an error elsewhere', async () => {
      const { host, ports } = opened;
      const end = await host.httpServer.serve(
        `http://+:${ports[1]}/.well-known/acme-challenge/`,
        ({ host: asked, path }) => (path.endsWith('/none') ? null : `${asked} ${path}`),
      );
      const path = '/.well-known/acme-challenge/token';
      assert.deepEqual(await fetchFrom(host, ports[1], 'one.contract.test', path), {
        status: 200,
        body: `one.contract.test ${path}`,
      });
      assert.equal((await fetchFrom(host, ports[1], 'x', '/.well-known/acme-challenge/none')).status, 404);
      // Which of these http.sys takes for a path that nobody has registered is not documented.
      const elsewhere = await fetchFrom(host, ports[1], 'x', '/elsewhere');
      assert.ok(elsewhere.status === 404 || elsewhere.status === 400, String(elsewhere.status));
      await end();
      await end();
    });

    it('prefers the longest prefix', async () => {
      const { host, ports } = opened;
      const short = await host.httpServer.serve(`http://+:${ports[1]}/a/`, () => 'short');
      const long = await host.httpServer.serve(`http://+:${ports[1]}/a/b/`, () => 'long');
      assert.equal((await fetchFrom(host, ports[1], 'x', '/a/b/c')).body, 'long');
      assert.equal((await fetchFrom(host, ports[1], 'x', '/a/c')).body, 'short');
      await long();
      assert.equal((await fetchFrom(host, ports[1], 'x', '/a/b/c')).body, 'short');
      await short();
    });

    it('gives a prefix to one registration at a time: 183', async () => {
      const { host, ports } = opened;
      const prefix = `http://+:${ports[1]}/taken/`;
      const end = await host.httpServer.serve(prefix, () => 'first');
      assert.equal(await statusOf(host.httpServer.serve(prefix, () => 'second')), 183);
      assert.equal((await fetchFrom(host, ports[1], 'x', '/taken/x')).body, 'first');
      await end();
      const again = await host.httpServer.serve(prefix, () => 'third');
      assert.equal((await fetchFrom(host, ports[1], 'x', '/taken/x')).body, 'third');
      await again();
    });

    it('refuses what is no URL prefix: 87', async () => {
      const { host, ports } = opened;
      for (const prefix of [`http://+:${ports[1]}/no-slash`, 'http://+/no-port/', 'ftp://+:21/', 'nonsense']) {
        assert.equal(await statusOf(host.httpServer.serve(prefix, () => '')), 87, prefix);
      }
    });
  });
}

async function fetchFrom(
  host: WindowsHost,
  port: number,
  name: string,
  path: string,
): Promise<{ readonly status: number; readonly body: string }> {
  const [endpoint] = await host.endpoints('*', port);
  assert.ok(endpoint !== undefined, `nothing listens on port ${port}`);
  return new Promise((resolve, reject) => {
    // Wine's http.sys knows the header in this spelling alone.
    const headers = { Host: `${name}:${port}` };
    const request = get({ host: endpoint.address, port: endpoint.port, path, headers, agent: false }, (answer) => {
      let body = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => {
        body += chunk;
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }));
    });
    request.on('error', reject);
  });
}
