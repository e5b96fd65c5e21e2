import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { runFileAppcmd } from './file-appcmd.ts';

// What the launcher appcmd.exe starts node with.
const systemRoot = process.env['SystemRoot'] ?? 'C:\\windows';
const { exitCode, stdout } = await runFileAppcmd(join(systemRoot, 'System32', 'inetsrv'), process.argv.slice(2));
// Written at once: a pipe that is written asynchronously loses its end when the process ends.
for (let written = 0; written < stdout.length; written += writeSync(1, stdout, written));
process.exitCode = exitCode;
