#!/usr/bin/env node
import { VERSION } from '../agent/version.ts';

// Asked most often by scripts and worth no more than the start of Node: nothing else is loaded for it.
const [first, ...rest] = process.argv.slice(2);
if ((first === '--version' || first === '-V') && rest.length === 0) {
  process.stdout.write(`everbind ${VERSION}\n`);
} else {
  const { main } = await import('./product.ts');
  process.exitCode = await main(process);
}
