import assert from 'node:assert/strict';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { processIo } from '../../src/cli/process-io.ts';

interface Asked {
  /** What the person types, or null when the terminal goes away. */
  readonly keys: string | null;
  readonly hidden?: boolean;
}

/** Asks at a terminal that is two streams; returns what a person sees and the answer. */
async function ask({ keys, hidden = false }: Asked): Promise<{ readonly seen: string; readonly answer: unknown }> {
  const terminal = (): PassThrough => Object.assign(new PassThrough(), { isTTY: true, columns: 80 });
  const [stdin, stdout, stderr] = [terminal(), terminal(), terminal()];
  let seen = '';
  stderr.setEncoding('utf8').on('data', (text: string) => {
    seen += text;
  });
  const io = processIo({ stdin, stdout, stderr, env: {} } as unknown as NodeJS.Process);
  const asked = io.ask('Sure? ', { hidden }).catch((error: unknown) => error);
  await turn();
  if (keys === null) stdin.end();
  else stdin.write(keys);
  const answer = await asked;
  stderr.end();
  await once(stderr, 'end');
  return { seen, answer };
}

/** What is left of it after the last time that the line was cleared. */
function left(seen: string): string {
  return seen.slice(Math.max(0, seen.lastIndexOf('\u001b[0J')));
}

test('the question can be read when it is answered, and the answer is seen', async () => {
  const { seen, answer } = await ask({ keys: 'yes\r' });
  assert.equal(answer, 'yes');
  assert.match(left(seen), /Sure\? .*yes/s);
});

test('what is typed without echo is not seen; the question is', async () => {
  const { seen, answer } = await ask({ keys: 'geheim\r', hidden: true });
  assert.equal(answer, 'geheim');
  assert.match(left(seen), /Sure\? /);
  assert.doesNotMatch(seen, /geheim/);
});

for (const [what, keys] of [
  ['Ctrl+C', '\u0003'],
  ['Ctrl+D', '\u0004'],
  ['the end of the terminal', null],
] as const) {
  test(`${what} at a question is no defect of the program`, async () => {
    for (const hidden of [false, true]) {
      const { answer } = await ask({ keys, hidden });
      assert.equal((answer as { code?: string }).code, 'CLI_INTERRUPTED');
    }
  });
}
