import type { DatabaseSync } from 'node:sqlite';
import type { Command } from 'commander';
import type { EverbindError } from '../../errors/error.ts';
import { readConfigFile } from '../../config/read.ts';
import { nextWake } from '../../renewal/state/certificate-queries.ts';
import { readDaemon, removeDaemon, type Daemon, writeDaemon } from '../../renewal/state/daemon-row.ts';
import { openStore } from '../../store/store.ts';
import { withAgent } from '../../agent/compose.ts';
import { globalsOf, withGlobals } from '../globals.ts';
import { helpText } from '../help.ts';
import { sayJson } from '../output/json.ts';
import { printOutcome } from '../output/outcome.ts';
import { relativeTime, shortTime } from '../output/time.ts';
import { errorReport, printError } from '../report.ts';
import { runLoop } from '../../agent/daemon/loop.ts';
import { databaseFile } from '../../agent/state.ts';
import { withHeartbeat } from '../../agent/daemon/heartbeat.ts';
import type { SetStatus, CliEnvironment } from '../environment.ts';

/** `everbind run` */
export function registerRun(program: Command, environment: CliEnvironment, setStatus: SetStatus): void {
  const command = withGlobals(program.command('run'))
    .description('stay up and renew whatever falls due, until it is told to stop')
    .addHelpText(
      'after',
      helpText(
        ['everbind run', 'everbind run --json'],
        'Wakes for what is due, for windows that the CA suggests, and for a changed everbind.yaml; a wrong one is reported, and the last good one stays in force. Between its cycles other commands can work. everbind status says whether it lives. With --json every line is one JSON object.',
        'Exit status: 0 it was told to stop.',
      ),
    )
    .action(async () => {
      const globals = globalsOf(command, environment);
      const { io, clock, signal } = environment;
      const startedAt = clock.now();
      let seen: string | null = null;
      const say = (event: Readonly<Record<string, unknown>>, text: () => void): void => {
        if (globals.json) sayJson(io, { time: new Date(clock.now()).toISOString(), ...event });
        else text();
      };
      const report = (error: EverbindError, next: number | null): void =>
        say({ ...errorReport(error), nextWake: next }, () => {
          printError(io, error);
          if (next !== null) io.err(`  next try ${relativeTime(next, clock.now())} (${shortTime(next)})\n`);
        });
      const fingerprint = async (): Promise<string> => (await readConfigFile(globals.configFile)).fingerprint;
      const note = async (
        work: (runner: Omit<Daemon, 'nextWake' | 'trouble'>) => Parameters<typeof writeDaemon>[1] | null,
      ): Promise<void> => {
        const store = openStore({ path: databaseFile(globals.stateDir), clock });
        try {
          const runner = work({ pid: process.pid, startedAt, seenAt: clock.now() });
          await store.commit(({ db }) => (runner === null ? removeDaemon(db) : writeDaemon(db, runner)));
        } finally {
          await store.close();
        }
      };
      await runLoop({
        clock,
        signal,
        cycle: async () => {
          seen = await fingerprint().catch(() => null);
          return withAgent(
            globals,
            environment,
            () => {},
            ({ state: { store }, engine, signal: stop }) =>
              withHeartbeat(
                clock,
                () => store.commit(({ db }) => noteAtWork(db, startedAt, clock.now())),
                async () => {
                  await engine.pollRenewalInfo(stop);
                  let renewed = false;
                  await engine.renew(
                    { names: [], force: false },
                    (outcome) => {
                      renewed ||= outcome.kind === 'renewed';
                      say({ outcome }, () => printOutcome(io, outcome, clock.now()));
                    },
                    stop,
                  );
                  if (renewed) await engine.pollRenewalInfo(stop);
                  return store.read(nextWake);
                },
              ),
            { onBadConfig: (error) => report(error, null) },
          );
        },
        alive: (wake, trouble) =>
          note((runner) => ({
            ...runner,
            nextWake: wake,
            trouble: trouble === null ? null : { code: trouble.code, message: trouble.message, at: clock.now() },
          })),
        isWanted: async () => (await fingerprint()) !== seen,
        onTrouble: report,
      });
      await note(() => null).catch(() => {});
      say({ stopped: true }, () => io.err('stopped\n'));
      setStatus(0);
    });
}

/** A cycle may take hours: between two ticks of the loop it says itself that it lives. Why the last one failed stays to be seen. */
function noteAtWork(db: DatabaseSync, startedAt: number, now: number): void {
  const trouble = readDaemon(db)?.trouble ?? null;
  writeDaemon(db, { pid: process.pid, startedAt, seenAt: now, nextWake: now, trouble });
}
