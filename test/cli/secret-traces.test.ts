import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { appendFile, chmod, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { PROVIDERS } from '../../src/dns/providers/all.ts';
import { type CliWorld, startCliWorld } from './world.ts';

// Every provider with secrets is used against a host that repeats all it was told in its error. None of the secrets may
// come back out.

let world: CliWorld;
let host: Server;
let status = 400;
const requests: string[] = [];

before(async () => {
  world = await startCliWorld();
  host = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve));
});
after(async () => {
  host.closeAllConnections();
  await new Promise((resolve) => host.close(resolve));
  await world.stop();
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const said = await repeated(request);
  requests.push(said);
  const errors = [{ message: said, issue: said }];
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ error: said, message: said, Message: said, errors, details: errors }));
}

async function repeated(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) body += String(chunk);
  const { host: _host, connection: _connection, accept: _accept, 'user-agent': _agent, ...telling } = request.headers;
  // The secrets first: only the beginning of what a host says is shown.
  return `${Object.values(telling)
    .join(' ')
    .replace(/^application\/json /, '')} ${request.url} ${body}`;
}

/** As it stands, in a URL, in JSON, in hexadecimal, and in base64 wherever it begins in what was encoded. */
function formsOf(secret: string): readonly string[] {
  const within = [0, 1, 2].flatMap((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before, 'x'), Buffer.from(secret)]).toString('base64');
    const inner = encoded.slice(4, -4);
    return [inner, inner.replaceAll('+', '-').replaceAll('/', '_')];
  });
  return [secret, encodeURIComponent(secret), Buffer.from(secret).toString('hex'), ...within];
}

function holds(text: string, secret: string): boolean {
  return formsOf(secret).some((form) => text.includes(form));
}

it('no secret of a DNS provider is printed, logged, in the audit log, or in any file of the state folder', async () => {
  const { port } = host.address() as AddressInfo;
  const endpoint = `http://127.0.0.1:${port}`;
  // What stands in for PowerShell repeats its input as well.
  const program = join(world.stateDir, 'program.sh');
  await writeFile(program, '#!/bin/sh\ncat\ncat /proc/self/environ >&2\nexit 1\n');
  await chmod(program, 0o700);
  const given: Readonly<Record<string, string>> = {
    endpoint,
    loginEndpoint: endpoint,
    server: `127.0.0.1:${port}`,
    clientIp: '192.0.2.10',
    plugin: 'DNSimple',
    program,
    fullDomain: 'abc.auth.example.com',
    keyName: 'acme-shop',
    transport: 'tcp',
  };
  const secrets = new Map<string, string>();
  const using = PROVIDERS.filter(({ settings }) => settings.some(({ secret }) => secret));
  let certificates = 'certificates:\n';
  for (const { name, settings } of using) {
    const lines = settings.flatMap((setting) => {
      const reference = `${name}.${setting.name}`;
      if (setting.secret) secrets.set(reference, randomBytes(24).toString('base64'));
      const optional = ['mode', 'zone', 'ttl', 'module', 'project', 'region', 'hostedZoneId', 'keyAlgorithm'];
      if (optional.includes(setting.name)) return [];
      if (name === 'powerdns' && setting.name === 'server') return [];
      return [`${setting.name}: ${setting.secret ? `secret:${reference}` : (given[setting.name] ?? 'somebody')}`];
    });
    certificates += `  - name: ${name}
    names: [${name}.traces.cli.test]
    challenge: { type: dns-01, provider: ${name}, allowInsecureLoopback: true, settings: { ${lines.join(', ')} } }
    deployments: []
`;
  }
  await appendFile(world.configFile, certificates);
  let shown = '';
  const run = async (...args: readonly string[]): Promise<number> => {
    const result = await world.run(args);
    shown += `${args.join(' ')}\n${result.out}\n${result.err}\n`;
    return result.status;
  };
  for (const [name, value] of secrets) {
    assert.equal((await world.run(['secret', 'set', name], { input: value })).status, 0);
  }
  for (status of [400, 401]) {
    assert.equal(await run('renew', '--force', '--json'), 1, shown);
    assert.equal(await run('renew', '--force'), 1, shown);
  }
  await run('renew', '--force', '--dry-run');
  await run('status', '--json');
  await run('list', '--json');
  for (const { name } of using) await run('show', name, '--json');
  await run('audit', 'log', '--all', '--json');

  // Else nothing would have been shown: hosts were told the secrets, and repeated them.
  const told = [...secrets.values()].filter((secret) => requests.some((request) => holds(request, secret)));
  assert.ok(told.length >= 8, `${told.length} secrets came to a host`);
  const files = await readdir(world.stateDir, { recursive: true, withFileTypes: true });
  const places: [place: string, text: string][] = [['output', shown]];
  for (const file of files.filter((entry) => entry.isFile())) {
    places.push([file.name, await readFile(join(file.parentPath, file.name), 'latin1')]);
  }
  assert.ok(places.some(([name]) => name === 'everbind.db'));
  for (const [name, text] of places) {
    for (const [reference, secret] of secrets) assert.ok(!holds(text, secret), `${reference} in ${name}`);
  }
});
