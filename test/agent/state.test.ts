import assert from 'node:assert/strict';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { EverbindError } from '../../src/errors/error.ts';
import { type Run, runIn, type RunOptions } from '../cli/world.ts';

// Commands that need neither IIS nor a CA.

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'everbind-cli-state-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function run(args: readonly string[], options: RunOptions = {}): Promise<Run> {
  const noWindows = new EverbindError('WIN_NOT_WINDOWS', 'there is no Windows here');
  return runIn({ stateDir: join(folder, 'state'), openHost: () => Promise.reject(noWindows) }, args, options);
}

test('add makes a new file, for its owner alone, once the terms are agreed to', async () => {
  const args = ['add', 'api', '--names', 'api.example.com, 192.0.2.7', '--contact', 'mailto:a@example.com'];
  const refused = await run(args);
  assert.equal(refused.status, 2);
  assert.match(refused.err.replaceAll(/\n +/g, ' '), /--accept-terms/);
  const { status, out } = await run([...args, '--accept-terms', '--key', 'rsa-3072', '--mode', 'listener']);
  assert.equal(status, 0);
  assert.match(out, /renew api --dry-run/);
  const file = join(folder, 'state', 'everbind.yaml');
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  const text = await readFile(file, 'utf8');
  for (const part of ['acme-v02.api.letsencrypt.org', 'rsa-3072', 'listener', '192.0.2.7', 'mailto:a@example.com']) {
    assert.ok(text.includes(part), part);
  }
  assert.equal((await run(['config', 'check'])).status, 0);
});

test('a warning cannot command the terminal with what the configuration file says', async () => {
  const file = join(folder, 'everbind.yaml');
  const challenge = String.raw`{ type: dns-01, provider: exec, command: ["./hook\e]0;owned\a"] }`;
  await writeFile(
    file,
    `version: 1
issuers: [{ name: ca, directory: https://ca.example/directory, termsOfServiceAgreed: true }]
certificates: [{ name: shop, names: [shop.example.com], issuers: [ca], challenge: ${challenge} }]
`,
  );
  const { status, out, err } = await run(['config', 'check', '--config', file]);
  assert.equal(status, 0, err);
  assert.match(out.replaceAll(/\n +/g, ' '), /there is no file .*hook\\u\{1b\}\]0;owned/);
  assert.doesNotMatch(out.replaceAll('\n', ''), /\p{Cc}/u);
});

test('add that cannot write says so by its code', async () => {
  const file = join(folder, 'plain');
  await writeFile(file, '');
  const args = ['add', 'api', '--names', 'api.example.com', '--accept-terms', '--config'];
  const inFile = await run([...args, join(file, 'everbind.yaml')]);
  assert.equal(inFile.status, 2, 'what stands there cannot be read');
  assert.match(inFile.err, /CONFIG_UNREADABLE/);
  // The name is just not too long for the system; that of the draft beside it is. Rights would not stop root.
  const { status, err } = await run([...args, join(folder, `${'n'.repeat(245)}.yaml`)]);
  assert.equal(status, 1, err);
  assert.match(err, /CONFIG_UNWRITABLE/);
});

test('list says that the configuration has changed since', async () => {
  const add = (name: string): Promise<Run> => run(['add', name, '--names', `${name}.example.com`, '--accept-terms']);
  assert.equal((await add('api')).status, 0);
  // Any command that makes the database.
  assert.equal((await run(['secret', 'set', 'token'], { input: 'value' })).status, 0);
  const { out } = await run(['list']);
  assert.match(out.replaceAll(/\n +/g, ' '), /^note {2}everbind\.yaml has changed; the next renewal takes it up/);
  assert.doesNotMatch(out, /No certificate/);
  const { configChanged } = JSON.parse((await run(['list', '--json'])).out) as { configChanged: boolean };
  assert.equal(configChanged, true);
  await rm(join(folder, 'state', 'everbind.yaml'));
  assert.match((await run(['list'])).out, /No certificate is managed/);
});

test('where modes do not make the state folder private, that is done before anything is in it, or refused', async () => {
  const stateDir = join(folder, 'state');
  const asked: string[] = [];
  let exposed = false;
  const privately = (args: readonly string[]): Promise<Run> =>
    runIn(
      {
        stateDir,
        openHost: () => Promise.reject(new Error('not needed')),
        ensurePrivateFolder: async (path) => {
          asked.push(path);
          if (exposed) throw new EverbindError('STORE_EXPOSED', 'not private');
          if (asked.length === 1) await assert.rejects(stat(path), { code: 'ENOENT' });
        },
      },
      args,
      { input: 'value' },
    );
  const add = ['add', 'api', '--names', 'api.example.com', '--accept-terms'];
  assert.equal((await privately(add)).status, 0);
  assert.equal((await privately(['secret', 'set', 'token'])).status, 0);
  assert.deepEqual(asked, [stateDir, stateDir]);
  await privately(['renew', '--dry-run']);
  const copy = asked.pop() ?? '';
  assert.equal(asked.pop(), stateDir);
  assert.match(copy, /everbind-dry-run-[0-9a-f]{32}$/, 'the copy that a dry run works on');
  assert.deepEqual([asked.length, await stat(copy).catch(() => 'gone')], [2, 'gone']);
  await rm(stateDir, { recursive: true });
  exposed = true;
  for (const args of [add, ['secret', 'set', 'token']]) {
    const { status, err } = await privately(args);
    assert.equal(status, 5);
    assert.match(err, /STORE_EXPOSED/);
  }
  await assert.rejects(stat(stateDir), { code: 'ENOENT' });
  assert.equal(
    (await run([...add, '--config', join(folder, 'mine.yaml')])).status,
    0,
    'another folder is its own matter',
  );
});

test('without Windows, what needs it says so', async () => {
  for (const args of [['scan'], ['add', 'x', '--site', 'Shop']]) {
    const { status, err } = await run(args);
    assert.notEqual(status, 0);
    assert.match(err, /WIN_NOT_WINDOWS/);
  }
});

test('config check names line, path and what was expected', async () => {
  const file = join(folder, 'wrong.yaml');
  await writeFile(
    file,
    'version: 1\nissuers:\n  - name: a\n    directory: http://ca.example/\n    termsOfServiceAgreed: maybe\n',
  );
  const { status, out, err } = await run(['config', 'check', '--config', file]);
  assert.deepEqual([status, out], [2, '']);
  assert.match(err, /CONFIG_INVALID/);
  assert.match(err, /wrong\.yaml:5:\d+/);
  assert.match(err.replaceAll(/\n +/g, ' '), /issuers\[0\]\.termsOfServiceAgreed.*expected/);
  const json = await run(['config', 'check', '--config', file, '--json']);
  const report = JSON.parse(json.out) as { error: { code: string; message: string; action: string } };
  assert.equal(report.error.code, 'CONFIG_INVALID');
  assert.ok(report.error.message.length > 0 && report.error.action.length > 0);
  assert.equal(json.err, '');
  assert.equal((await run(['config', 'check', '--config', join(folder, 'no.yaml')])).status, 2);
});

test('a wrong file stops everything before anything runs', async () => {
  await mkdir(join(folder, 'state'));
  await writeFile(join(folder, 'state', 'everbind.yaml'), 'version: 2\n');
  for (const args of [
    ['renew', '--all-due'],
    ['renew', '--all-due', '--dry-run'],
    ['rollback', 'x', '--yes'],
  ]) {
    const { status, err } = await run(args);
    assert.equal(status, 2, args.join(' '));
    assert.match(err, /CONFIG_INVALID/);
  }
});

test('config schema prints the schema that the project ships', async () => {
  const { status, out } = await run(['config', 'schema']);
  assert.equal(status, 0);
  const shipped = new URL('../../src/config/everbind.schema.json', import.meta.url);
  assert.deepEqual(JSON.parse(out), JSON.parse(await readFile(shipped, 'utf8')));
});

test('secrets are set, listed and removed, and never shown', async () => {
  const value = 'c2VjcmV0LXZhbHVl';
  const set = await run(['secret', 'set', 'hmac'], { input: `${value}\n` });
  assert.equal(set.status, 0, set.err);
  const asked = await run(['secret', 'set', 'other', '--json'], { answers: [value] });
  assert.deepEqual(JSON.parse(asked.out), { ok: true, name: 'other' });
  const list = await run(['secret', 'list']);
  assert.match(list.out, /^hmac +\d{4}-\d\d-\d\d/m);
  const json = JSON.parse((await run(['secret', 'list', '--json'])).out) as { secrets: { name: string }[] };
  assert.deepEqual(json.secrets.map(({ name }) => name).sort(), ['hmac', 'other']);
  assert.equal((await run(['secret', 'remove', 'hmac'])).status, 0);
  const again = await run(['secret', 'remove', 'hmac', '--json']);
  assert.equal(again.status, 2);
  assert.equal((JSON.parse(again.out) as { error: { code: string } }).error.code, 'SECRET_NOT_FOUND');
  for (const { out, err } of [set, asked, list]) assert.ok(!(out + err).includes(value));
  assert.equal((await run(['secret', 'set', 'BAD NAME'], { input: value })).status, 2);
});

test('--state-dir and --config point elsewhere', async () => {
  const elsewhere = join(folder, 'elsewhere');
  assert.equal((await run(['secret', 'set', 'a', '--state-dir', elsewhere], { input: 'x' })).status, 0);
  assert.ok((await stat(join(elsewhere, 'everbind.db'))).isFile());
  const added = await run(['add', 'x', '--names', 'x.example.com', '--accept-terms', '--state-dir', elsewhere]);
  assert.equal(added.status, 0);
  assert.ok((await stat(join(elsewhere, 'everbind.yaml'))).isFile(), 'the file is looked for in the state folder');
  const check = await run(['config', 'check', '--config', join(elsewhere, 'everbind.yaml')]);
  assert.equal(check.status, 0);
});

test('wrong command lines end with 2 and point to the help', async () => {
  for (const args of [[], ['nosuch'], ['renew', '--nosuch'], ['show'], ['secret', 'set']]) {
    const { status, out, err } = await run(args);
    assert.equal(status, 2, args.join(' '));
    assert.ok((out + err).includes('help'));
  }
});

test('a wrong command line with --json is JSON too', async () => {
  const { status, out } = await run(['renew', '--json']);
  assert.equal(status, 2);
  assert.equal((JSON.parse(out) as { error: { code: string } }).error.code, 'CLI_USAGE');
});

test('a certificate that cannot be declared so is told without places of a file, and an issuer is no option where there is a file', async () => {
  const file = join(folder, 'state', 'everbind.yaml');
  const add = ['add', 'api', '--names', 'api.example.com', '--accept-terms'];
  const wrong = await run([...add, '--contact', 'a@example.com']);
  assert.equal(wrong.status, 2);
  assert.match(wrong.err.replaceAll(/\n +/g, ' '), /CONFIG_NOT_ADDED.*issuers\[0\]\.contacts\[0\]: found/s);
  await assert.rejects(stat(file), { code: 'ENOENT' });

  assert.equal((await run(add)).status, 0);
  const before = await readFile(file, 'utf8');
  const { status, out } = await run(['add', 'wild', '--names', 'a.example.com,*.example.com', '--json']);
  assert.equal(status, 2);
  const { error } = JSON.parse(out) as { error: { code: string; message: string; details: { problems: string[] } } };
  assert.equal(error.code, 'CONFIG_NOT_ADDED');
  assert.deepEqual(
    error.details.problems.map((problem) => problem.split(':')[0]),
    ['names[1]'],
  );
  assert.doesNotMatch(error.message, /yaml:\d/);
  for (const option of ['--directory', '--contact']) {
    const refused = await run(['add', 'b', '--names', 'b.example.com', option, 'https://ca.example/']);
    assert.equal(refused.status, 2);
    assert.match(refused.err, /CLI_USAGE/);
  }
  assert.equal(await readFile(file, 'utf8'), before);

  // What was wrong before has its line.
  await writeFile(file, `${before}nonsense: 1\n`);
  assert.match((await run(['add', 'b', '--names', 'b.example.com'])).err, /CONFIG_INVALID[^]*everbind\.yaml:\d+:1/);
});

test('a state folder that cannot be made is an error', { skip: process.platform !== 'linux' }, async () => {
  const below = ['--state-dir', '/proc/everbind/state'];
  for (const [args, code] of [
    [['add', 'api', '--names', 'api.example.com', '--accept-terms'], 'CONFIG_UNWRITABLE'],
    [['secret', 'set', 'token'], 'STORE_FAILED'],
  ] as const) {
    const { status, err } = await run([...args, ...below], { input: 'value' });
    assert.equal(status, 1);
    assert.match(err, new RegExp(`\\[${code}\\]`));
  }
});

test('a look makes no state folder, and what cannot be looked at is not said to be absent', async () => {
  assert.match((await run(['secret', 'list'])).err, /STORE_NOT_FOUND/);
  await assert.rejects(stat(join(folder, 'state')), { code: 'ENOENT' });
  // A link to itself: rights would not stop root.
  const link = join(folder, 'link');
  await symlink(link, link);
  for (const args of [['list'], ['status'], ['secret', 'list'], ['audit', 'verify']]) {
    const { status, err } = await run([...args, '--state-dir', link]);
    assert.equal(status, 1, err);
    assert.match(err, /\[STORE_FAILED\][^]*ELOOP/);
  }
});

test('a lost master key: what the error says to do is enough, and less is refused', async () => {
  const state = join(folder, 'state');
  const set = (): Promise<Run> => run(['secret', 'set', 'token'], { input: 'value' });
  const away = async (files: readonly string[]): Promise<void> => {
    for (const file of files) await rm(join(state, file));
  };
  assert.equal((await set()).status, 0);
  await away(['master.key']);
  const lost = await set();
  assert.match(lost.err.replaceAll(/\n +/g, ' '), /KEY_SEAL_BROKEN.*move both and the audit\.\* files away together/);
  await away(['everbind.db']);
  assert.match((await set()).err, /AUDIT_KEY_CHANGED/);
  const left = (await readdir(state)).filter((name) => /^everbind\.db|^master\.key$|^audit\./.test(name));
  assert.ok(left.includes('audit.key.pub'));
  await away(left);
  assert.equal((await set()).status, 0);
  assert.equal((await run(['audit', 'verify'])).status, 0);
});

const commands: readonly (readonly string[])[] = [
  ['renew', '--all-due'],
  ['renew', '--all-due', '--dry-run'],
  ['list'],
  ['show', 'api'],
  ['secret', 'set', 'token'],
  ['add', 'more', '--names', 'more.example.com'],
  ['check'],
];

/** The commands that go on, though they must not. */
async function obeyed(): Promise<readonly string[]> {
  const found: string[] = [];
  for (const args of commands) {
    const { status, err } = await run(args, { input: 'value' });
    if (status !== 5 || !err.includes('STORE_EXPOSED')) found.push(`${args.join(' ')}: ${status} ${err}`);
  }
  return found;
}

const posix = { skip: process.platform === 'win32' };

test('a state folder that others can write to is not obeyed, by no command, also when it is new', posix, async () => {
  const stateDir = join(folder, 'state');
  await mkdir(stateDir);
  await chmod(stateDir, 0o777);
  await chmod(folder, 0o755);
  assert.deepEqual(await obeyed(), []);
  assert.deepEqual(await readdir(stateDir), []);
  await chmod(stateDir, 0o755);
  assert.equal((await run(['secret', 'set', 'token'], { input: 'value' })).status, 0);
  await chmod(folder, 0o777);
  assert.deepEqual(await obeyed(), []);
});

test('a database that is a link is not opened', posix, async () => {
  const stateDir = join(folder, 'state');
  await mkdir(stateDir);
  await symlink(join(folder, 'elsewhere.db'), join(stateDir, 'everbind.db'));
  const { status, err } = await run(['secret', 'set', 'token'], { input: 'value' });
  assert.equal(status, 5);
  assert.match(err, /symbolic link/);
  assert.deepEqual(await readdir(folder), ['state']);
});

const asRoot = { skip: process.geteuid?.() !== 0 };

test('what somebody else owns is not obeyed: everbind.yaml, the database, the folder', asRoot, async () => {
  const stateDir = join(folder, 'state');
  await run(['add', 'api', '--names', 'api.example.com', '--accept-terms']);
  await run(['secret', 'set', 'token'], { input: 'value' });
  const withConfig = (line: string): boolean => /^(?:renew|add|check)/.test(line);
  for (const [file, applies] of [
    ['everbind.yaml', withConfig],
    ['everbind.db', (line: string) => !/^(?:add|check)/.test(line)],
    ['', () => true],
  ] as const) {
    const path = join(stateDir, file);
    await chown(path, 4242, 4242);
    const went = await obeyed();
    assert.deepEqual(went.filter(applies), [], file);
    await chown(path, 0, 0);
  }
  await chown(join(stateDir, 'everbind.yaml'), 4242, 4242);
  const { status, out } = await run(['status']);
  assert.equal(status, 1);
  assert.match(out, /^problem +\[STORE_EXPOSED\]/m);
});
