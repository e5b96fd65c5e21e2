// Loaded before the program by the idle benchmark: leaves the process's peak memory (KiB) behind.
import { writeFileSync } from 'node:fs';

process.on('exit', () => writeFileSync(process.env.EVERBIND_BENCH_PEAK, String(process.resourceUsage().maxRSS)));
