// npm run bench -- NAME: one benchmark; its last line is one JSON object with the figures and "ok" against the goals.

const benchmarks: Readonly<Record<string, () => Promise<boolean>>> = {
  issue: async () => (await import('./issue.ts')).benchIssue(process.argv.slice(3)),
  idle: async () => (await import('./idle.ts')).benchIdle(),
  scale: async () => (await import('./scale.ts')).benchScale(),
};

const name = process.argv[2] ?? '';
const run = benchmarks[name];
if (run === undefined) {
  console.error(`usage: npm run bench -- ${Object.keys(benchmarks).join('|')}`);
  process.exitCode = 2;
} else {
  process.exitCode = (await run()) ? 0 : 1;
}
