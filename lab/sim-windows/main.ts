import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { startSimWindows } from './sim-windows.ts';

// The double as a process of its own: node lab/sim-windows/main.ts --config FILE --root FOLDER --socket PATH
// [--http-port N] [--keep-ports]. Prints one line of JSON {"httpPort": N} when it is ready and runs until it is ended.

const { values } = parseArgs({
  options: {
    config: { type: 'string' },
    root: { type: 'string' },
    socket: { type: 'string' },
    'http-port': { type: 'string' },
    'keep-ports': { type: 'boolean', default: false },
  },
});
if (values.config === undefined || values.root === undefined || values.socket === undefined) {
  throw new Error('--config, --root and --socket are needed');
}
const sim = await startSimWindows({
  applicationHostConfig: await readFile(values.config),
  rootFolder: values.root,
  socketPath: values.socket,
  keepPorts: values['keep-ports'],
  ...(values['http-port'] === undefined ? {} : { httpPort: Number(values['http-port']) }),
});
console.log(JSON.stringify({ httpPort: sim.httpPort }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void sim.stop().then(() => process.exit(0)));
}
