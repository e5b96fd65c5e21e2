import assert from 'node:assert/strict';
import { readFile, realpath, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test, type TestContext } from 'node:test';
import { createDns01Solver } from '../../../src/challenge/dns-01/solver.ts';
import { createExecProvider, type DnsExecOptions } from '../../../src/challenge/dns-01/exec.ts';
import { createKeyedMutex } from '../../../src/concurrency/keyed-mutex.ts';
import { dns01Value } from '../../../src/acme/jose/key-authorization.ts';
import { EverbindError } from '../../../src/errors/error.ts';
import { systemClock } from '../../../src/net/system.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import type { Solver } from '../../../src/ports/solver.ts';
import { txtResolver } from '../../dns/support.ts';
import { coded, dnsTask, httpTask, temporaryFolder } from '../support.ts';

type TxtLookup = (name: string) => Promise<readonly string[]>;

function solverOver(
  options: Omit<DnsExecOptions, 'clock'>,
  {
    lookup = async () => [],
    clock = systemClock,
    limitMs = 1_000,
  }: { lookup?: TxtLookup; clock?: Clock; limitMs?: number } = {},
): Solver {
  return createDns01Solver({
    type: 'dns-01',
    openProvider: () => Promise.resolve(createExecProvider({ ...options, clock })),
    resolver: txtResolver(lookup),
    port: 53,
    clock,
    limitMs,
    publicResolvers: [],
    inTurn: createKeyedMutex(),
  });
}

/** The solver over a small JavaScript program: `input` holds the message, `log` the file that it may write to. */
async function program(t: TestContext, body: string, options: Partial<DnsExecOptions> = {}) {
  const folder = await temporaryFolder(t);
  const log = join(folder, 'log');
  const file = join(folder, 'program.mjs');
  await writeFile(log, '');
  await writeFile(
    file,
    `import fs from 'node:fs';\nconst log = ${JSON.stringify(log)};\nconst input = fs.readFileSync(0, 'utf8');\n${body}\n`,
  );
  const command = [process.execPath, file, '--with', 'an argument'];
  const solver = solverOver({ command, timeoutMs: 60_000, ...options }, options.clock === undefined ? {} : options);
  return { solver, log: () => readFile(log, 'utf8') };
}

const logging = `fs.appendFileSync(log, JSON.stringify({ args: process.argv.slice(2), input: JSON.parse(input) }) + '\\n');`;

test('the program gets one JSON object on standard input and nothing of the challenge on its command line', async (t) => {
  const { solver, log } = await program(t, logging);
  const task = dnsTask('shop.everbind.test', true);
  await solver.present(task);
  await solver.cleanUp(task);
  const calls = (await log())
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
  const input = {
    version: 1,
    name: '_acme-challenge.shop.everbind.test',
    type: 'TXT',
    value: dns01Value(task.keyAuthorization),
    zoneHint: 'shop.everbind.test',
    wildcard: true,
  };
  assert.deepEqual(calls, [
    { args: ['--with', 'an argument'], input: { ...input, action: 'present' } },
    { args: ['--with', 'an argument'], input: { ...input, action: 'cleanup' } },
  ]);
});

test('the program sees nothing of our environment but what programs need', async (t) => {
  process.env['EVERBIND_TEST_SECRET'] = 'hunter2';
  process.env['NODE_OPTIONS_FOR_TEST'] = 'x';
  t.after(() => {
    delete process.env['EVERBIND_TEST_SECRET'];
    delete process.env['NODE_OPTIONS_FOR_TEST'];
  });
  const { solver, log } = await program(t, 'fs.writeFileSync(log, JSON.stringify(Object.keys(process.env)));');
  await solver.present(dnsTask());
  const names = JSON.parse(await log()) as string[];
  const allowed = new Set(['PATH', 'HOME', 'LANG', 'TMPDIR', 'PWD', 'SHLVL', '_']);
  assert.ok(names.includes('PATH'));
  assert.deepEqual(
    names.filter((name) => !allowed.has(name)),
    [],
  );
});

test('the program does not start in a folder where everybody can leave files for it', async (t) => {
  const { solver, log } = await program(t, 'fs.writeFileSync(log, process.cwd());');
  await solver.present(dnsTask());
  assert.equal(await log(), await realpath(dirname(process.execPath)));
});

/** The body of a program, the reason of the failure, what its message says. */
const failing: readonly (readonly [body: string, reason: string, message: RegExp])[] = [
  [
    'console.error("zone \\u001b[31mnot\\n found"); process.exit(3)',
    'program-failed',
    /exit code 3; it said: zone \[31mnot found$/,
  ],
  ['process.kill(process.pid, "SIGTERM"); setInterval(() => {}, 1000)', 'program-failed', /was killed/],
  ['console.log("x".repeat(100_000)); setInterval(() => {}, 1000)', 'program-output', /more than 64 KiB/],
  ['console.error("x".repeat(100_000)); setInterval(() => {}, 1000)', 'program-output', /more than 64 KiB/],
  [
    'process.on("SIGTERM", () => {}); console.error("busy"); setInterval(() => {}, 1000)',
    'program-timeout',
    /0\.4 s .* busy/,
  ],
];

for (const [body, reason, message] of failing) {
  test(`a program that fails: ${body.slice(0, 60)}`, async (t) => {
    const timeoutMs = reason === 'program-timeout' ? 400 : 5_000;
    const { solver } = await program(t, body, { timeoutMs });
    await assert.rejects(solver.present(dnsTask()), (error) => {
      assert.ok(coded('CHALLENGE_PRESENT_FAILED', reason)(error), String(error));
      assert.match((error as Error).message, message);
      return true;
    });
    await assert.rejects(solver.cleanUp(dnsTask()), (error) => {
      assert.ok(coded('CHALLENGE_CLEANUP_FAILED', reason)(error), String(error));
      assert.equal((error as EverbindError).details['record'], '_acme-challenge.shop.everbind.test');
      return true;
    });
  });
}

test('past its time a program is killed with all that it started', async (t) => {
  const child = `setInterval(() => fs.appendFileSync(log, '.'), 20)`.replaceAll('fs.', "require('fs').");
  let read: () => Promise<string> = () => Promise.resolve('');
  // On a busy machine it takes longer until the child of the program runs: it is given more time until it does.
  for (let timeoutMs = 700; (await read()) === ''; timeoutMs *= 2) {
    assert.ok(timeoutMs < 60_000, 'the child of the program never ran');
    const { solver, log } = await program(
      t,
      `import { spawn } from 'node:child_process';
       spawn(process.execPath, ['-e', ${JSON.stringify(`const log = process.argv[1]; ${child}`)}, log], { stdio: 'inherit' });
       setInterval(() => {}, 1000);`,
      { timeoutMs },
    );
    await assert.rejects(solver.present(dnsTask()), coded('CHALLENGE_PRESENT_FAILED', 'program-timeout'));
    read = log;
  }
  const written = await read();
  await sleep(150);
  assert.equal(await read(), written);
});

test('a program that ends but leaves a child behind does not delay us', async (t) => {
  const { solver } = await program(
    t,
    `import { spawn } from 'node:child_process';
     spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' }).unref();
     process.exit(0);`,
  );
  // It would be waited for until the time is up, which is an error.
  await solver.present(dnsTask());
});

test('a program that ends with 75 is run again after a while, and given up after a minute and a half', async (t) => {
  const clock = fastClock();
  const busy = `const runs = fs.readFileSync(log, 'utf8').length; fs.appendFileSync(log, 'x'); process.exit(runs < 3 ? 75 : 0);`;
  const { solver, log } = await program(t, busy, { clock });
  await solver.present(dnsTask());
  assert.equal(await log(), 'xxxx');
  assert.deepEqual(clock.slept, [1_000, 2_000, 4_000]);
  const { solver: never, log: runs } = await program(t, `fs.appendFileSync(log, 'x'); process.exit(75);`, { clock });
  await assert.rejects(never.present(dnsTask()), coded('CHALLENGE_PRESENT_FAILED', 'program-busy'));
  assert.ok((await runs()).length <= 10);
  assert.ok(clock.now() <= 120_000);
});

test('only a few programs run at a time', async (t) => {
  const { solver, log } = await program(
    t,
    `fs.appendFileSync(log, '+'); await new Promise((resolve) => setTimeout(resolve, 300)); fs.appendFileSync(log, '-');`,
  );
  await Promise.all(Array.from({ length: 12 }, (_, index) => solver.present(dnsTask(`n${index}.everbind.test`))));
  let most = 0;
  let running = 0;
  for (const mark of await log()) {
    running += mark === '+' ? 1 : -1;
    most = Math.max(most, running);
  }
  assert.ok(most >= 2 && most <= 8, `${most} at a time`);
});

test('a program that does not read its input may succeed', async () => {
  const solver = solverOver({ command: ['/bin/true'], timeoutMs: 60_000 });
  await solver.present(dnsTask());
});

test('no shell reads the command', async () => {
  const solver = solverOver({ command: ['/bin/true; touch /tmp/x'], timeoutMs: 60_000 });
  await assert.rejects(solver.present(dnsTask()), coded('CHALLENGE_PRESENT_FAILED', 'program-not-started'));
});

test('a signal ends the program', async (t) => {
  const { solver } = await program(t, 'setInterval(() => {}, 1000);');
  const controller = new AbortController();
  const reason = new Error('stop');
  const presenting = solver.present(dnsTask(), controller.signal);
  setTimeout(() => controller.abort(reason), 100);
  await assert.rejects(presenting, reason);
  await assert.rejects(solver.present(dnsTask(), controller.signal), reason);
});

test('an IP address cannot be validated by dns-01', async (t) => {
  const { solver, log } = await program(t, logging);
  const task = { ...httpTask('192.0.2.1', 'ip'), type: 'dns-01' as const };
  await assert.rejects(solver.present(task), coded('CHALLENGE_UNSUPPORTED'));
  assert.equal(await log(), '');
});

test('runs for one record take turns, runs for different records do not', async (t) => {
  const { solver, log } = await program(
    t,
    `const { name, value } = JSON.parse(input);
     fs.appendFileSync(log, 'begin ' + name + '\\n');
     // Until the run for b has begun, so that those for a cannot end before, however slowly it starts.
     const timer = setInterval(() => {
       if (!fs.readFileSync(log, 'utf8').includes('begin _acme-challenge.b.test')) return;
       clearInterval(timer);
       setTimeout(() => fs.appendFileSync(log, 'end ' + name + '\\n'), 250);
     }, 10);`,
  );
  await Promise.all([
    solver.present(dnsTask('a.test')),
    solver.present(dnsTask('a.test', true)),
    solver.present(dnsTask('b.test')),
  ]);
  const lines = (await log()).trim().split('\n');
  const a = lines.filter((line) => line.endsWith('a.test')).map((line) => line.split(' ')[0]);
  assert.deepEqual(a, ['begin', 'end', 'begin', 'end']);
  assert.ok(lines.indexOf('begin _acme-challenge.b.test') < lines.indexOf('end _acme-challenge.a.test'));
});

/** A clock whose sleeps pass at once. */
function fastClock(): Clock & { readonly slept: number[] } {
  let now = 0;
  const slept: number[] = [];
  return {
    slept,
    now: () => now,
    sleep: async (ms) => {
      now += ms;
      slept.push(ms);
    },
  };
}

function waiting(lookup: TxtLookup, clock: Clock): Solver {
  return solverOver({ command: ['/bin/true'], timeoutMs: 60_000 }, { lookup, clock, limitMs: 20_000 });
}

test('wait asks until the value is there, among others too', async () => {
  const task = dnsTask();
  const clock = fastClock();
  const answers: (readonly string[] | Error)[] = [
    [],
    new EverbindError('DNS_QUERY_FAILED', 'x', { reason: 'SERVFAIL' }),
    ['other'],
    ['other', dns01Value(task.keyAuthorization)],
  ];
  const asked: string[] = [];
  const solver = waiting(async (name) => {
    asked.push(name);
    const answer = answers.shift() ?? [];
    if (answer instanceof Error) throw answer;
    return answer;
  }, clock);
  await solver.wait(task);
  assert.deepEqual(new Set(asked), new Set(['_acme-challenge.shop.everbind.test']));
  assert.deepEqual(clock.slept, [50, 100, 200]);
});

for (const [reason, lookup] of [
  ['txt-missing', async () => []],
  ['txt-other', async () => ['a', 'b']],
  ['dns-failed', async () => Promise.reject(new EverbindError('DNS_QUERY_FAILED', 'x', { reason: 'ETIMEDOUT' }))],
] as const) {
  test(`wait ends with ${reason} after a bounded number of questions`, async () => {
    const clock = fastClock();
    await assert.rejects(waiting(lookup, clock).wait(dnsTask()), coded('CHALLENGE_SELF_CHECK_FAILED', reason));
    assert.ok(clock.slept.length < 12);
    assert.ok(clock.now() <= 20_000);
  });
}
