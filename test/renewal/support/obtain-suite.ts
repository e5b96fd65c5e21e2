import { after, before, it } from 'node:test';
import { join } from 'node:path';
import { type Pebble, type PebbleOptions, startPebble } from '../../../lab/pebble/server.ts';
import { type Front, startFront } from './obtain-front.ts';
import { withFolder } from './obtain-state.ts';
import { withWorldAt, type World } from './obtain-world.ts';
import { serveTokens } from './token-folder.ts';

interface Running {
  /** The first CA. */
  readonly pebble: Pebble;
  /** The address at which the program finds it; the other CAs can take its place. */
  readonly front: Front;
}

/** The CA that the tests of one file share. `pebble` and `front` can be read while its tests run, not before. */
export interface ObtainSuite extends Running {
  /** Registers a test that gets a world of its own. */
  test(title: string, work: (world: World) => Promise<void>): void;
  /** Runs the work with a new world. */
  withWorld<T>(work: (world: World) => Promise<T>): Promise<T>;
  /** Opens a state folder that may be open elsewhere already. */
  withWorldAt<T>(folder: string, work: (world: World) => Promise<T>): Promise<T>;
}

/** Starts one Pebble for each of the options before the tests of this file, one without any; stops them afterwards. */
export function obtainSuite(...options: readonly PebbleOptions[]): ObtainSuite {
  const [first = {}, ...more] = options;
  // Each holds the challenge responses of a world that validation may look at now.
  const tokenFolders = new Set<string>();
  const stops: (() => Promise<void>)[] = [];
  let started: Running | undefined;
  const running = (): Running => {
    if (started === undefined) throw new Error('the CA runs only while tests do');
    return started;
  };
  const start = async (pebbleOptions: PebbleOptions): Promise<Pebble> => {
    const pebble = await startPebble(pebbleOptions);
    stops.push(() => pebble.stop());
    stops.push(await serveTokens(pebble.httpPort, () => [...tokenFolders]));
    return pebble;
  };
  before(async () => {
    const pebbles = await Promise.all([start(first), ...more.map(start)] as const);
    const front = await startFront(pebbles);
    stops.push(() => front.stop());
    started = { pebble: pebbles[0], front };
  });
  after(async () => {
    for (const stop of stops.toReversed()) await stop();
  });
  const suite: ObtainSuite = {
    get pebble() {
      return running().pebble;
    },
    get front() {
      return running().front;
    },
    test: (title, work) => void it(title, () => suite.withWorld(work)),
    withWorld: (work) =>
      withFolder(async (folder) => {
        const tokens = join(folder, 'tokens');
        tokenFolders.add(tokens);
        try {
          return await suite.withWorldAt(folder, work);
        } finally {
          tokenFolders.delete(tokens);
        }
      }),
    withWorldAt: (folder, work) => withWorldAt(folder, running().front, work),
  };
  return suite;
}
