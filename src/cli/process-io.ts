import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { EverbindError } from '../errors/error.ts';
import type { Io } from './io.ts';

/** Error codes of a disk that did not take what was written. */
const LOST = new Set<string | undefined>(['ENOSPC', 'EDQUOT', 'EIO']);

/** The Io of a real process. NO_COLOR (no-color.org) and TERM=dumb switch colours off. */
export function processIo(process: NodeJS.Process): Io {
  const { stdin, stdout, stderr, env } = process;
  // No work ends because its reader is gone (head, a pipe to a log that was stopped) or the disk is full. But a result
  // that is lost is a failure.
  stderr.on('error', () => {});
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (LOST.has(error.code)) process.once('exit', (status) => (process.exitCode = status === 0 ? 1 : status));
  });
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    drained: async () => {
      if (!stdout.writableNeedDrain) return;
      const heard = new AbortController();
      const { signal } = heard;
      await Promise.race(['drain', 'close'].map((event) => once(stdout, event, { signal }).catch(() => {})));
      heard.abort();
    },
    interactive: stderr.isTTY && env['TERM'] !== 'dumb' && env['CI'] === undefined,
    colour: stdout.isTTY && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb',
    columns: stdout.isTTY ? Math.max(40, stdout.columns) : 80,
    readInput: async (maxBytes) => {
      const chunks: Buffer[] = [];
      let size = 0;
      for await (const chunk of stdin as AsyncIterable<Buffer>) {
        size += chunk.length;
        if (size > maxBytes) throw new EverbindError('CLI_USAGE', `standard input holds more than ${maxBytes} octets`);
        chunks.push(chunk);
      }
      return Buffer.concat(chunks).toString('utf8');
    },
    ask: async (question, { hidden = false } = {}) => {
      if (!stdin.isTTY || !stderr.isTTY) return null;
      const sink = new Writable({ write: (_chunk, _encoding, done) => done() });
      const lines = createInterface({ input: stdin, output: hidden ? sink : stderr, terminal: true });
      // The line editor clears its line, and with it a question that it does not know.
      if (hidden) stderr.write(question);
      const gone = once(lines, 'close').then(() => Promise.reject(new Error('the terminal was closed')));
      try {
        return await Promise.race([lines.question(hidden ? '' : question), gone]);
      } catch (cause) {
        // Ctrl+C, Ctrl+D, or the terminal is gone.
        if (!hidden) stderr.write('\n');
        throw new EverbindError('CLI_INTERRUPTED', 'the question was not answered; nothing was changed', {}, { cause });
      } finally {
        lines.close();
        if (hidden) stderr.write('\n');
      }
    },
  };
}
