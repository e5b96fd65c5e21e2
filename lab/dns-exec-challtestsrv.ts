import { mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// The DNS program of the lab (docs/challenges.md): node lab/dns-exec-challtestsrv.ts URL, where URL is the management
// interface of pebble-challtestsrv. That server can only forget all values of a name at once, so a folder remembers
// which ones are in use: the name and its wildcard share a record, and the first to finish must not take the other's
// value away.

const server = new URL(process.argv[2] ?? '');
const { action, name, value } = JSON.parse(readFileSync(0, 'utf8')) as Record<'action' | 'name' | 'value', string>;
const folder = join(tmpdir(), `everbind-lab-txt-${server.port}-${name}`);

if (action === 'present') {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const known = readdirSync(folder).includes(value);
  writeFileSync(join(folder, value), '');
  if (!known) await post('set-txt', { host: `${name}.`, value });
} else {
  rmSync(join(folder, value), { force: true });
  try {
    rmdirSync(folder);
    await post('clear-txt', { host: `${name}.` });
  } catch (error) {
    // Another value of the name is in use, or this one was cleaned up before.
    if (!['ENOTEMPTY', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

// Over a bare socket: loading node:http would double the time that this program takes.
function post(path: string, body: object): Promise<void> {
  return new Promise((resolve, reject) => {
    const text = JSON.stringify(body);
    const head = `POST /${path} HTTP/1.1\r\nHost: ${server.host}\r\nConnection: close\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n`;
    let answer = '';
    connect(Number(server.port), server.hostname)
      .on('error', reject)
      .on('data', (chunk: Buffer) => {
        answer += chunk.toString('latin1');
      })
      .on('close', () => {
        if (answer.startsWith('HTTP/1.1 200 ')) resolve();
        else reject(new Error(`pebble-challtestsrv answered ${path} with ${answer.slice(0, 40)}`));
      })
      .write(`${head}${text}`);
  });
}
