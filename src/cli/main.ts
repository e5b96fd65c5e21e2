#!/usr/bin/env node
import { VERSION } from '../agent/version.ts';

// Scripts ask this most often: load nothing else for it.
const [first, ...rest] = process.argv.slice(2);
if ((first === '--version' || first === '-V') && rest.length === 0) {
  process.stdout.write(`everbind ${VERSION}\n`);
} else {
  const { main } = await import('./product.ts');
  process.exitCode = await main(process);
  // Nothing that hangs, a call of the operating system for instance, keeps a command from ending; whoever still reads
  // its output does.
  setInterval(() => {
    if (process.stdout.writableLength + process.stderr.writableLength === 0) process.exit();
  }, 10_000).unref();
}
