/** How work is dealt out to lanes. */
export interface LaneParts<T> {
  /** The next item, each once while it waits or is worked on; null: none for now. */
  next(): T | null;
  /** The lane of an item. Asked when the item comes, and again when it has waited. */
  laneOf(item: T): string;
  /** How many items of a lane are worked on at a time, 1 or more. Asked each time. */
  roomOf(lane: string): number;
  work(item: T): Promise<void>;
  /** Whether `next` may have more before long, when nothing is under way. It calls `wake` then, or when it has not. */
  mayComeMore(): boolean;
}

export interface Lanes {
  /**
   * Works until there is nothing left to do. A full lane keeps no other one waiting. Rejects with the first failure
   * once what is under way has ended; nothing more is begun after it.
   */
  run(): Promise<void>;
  /** Has `next` asked again. */
  wake(): void;
}

/** So many items are looked at in one go, before others on the event loop have their turn. */
const IN_ONE_GO = 200;

export function createLanes<T>({ next, laneOf, roomOf, work, mayComeMore }: LaneParts<T>): Lanes {
  const busy = new Map<string, number>();
  /** What waits for room in its lane. */
  const waiting = new Map<string, Set<T>>();
  const failures: unknown[] = [];
  let running = 0;
  let wake = (): void => {};

  const hasRoom = (lane: string): boolean => (busy.get(lane) ?? 0) < roomOf(lane);

  const start = async (lane: string, item: T): Promise<void> => {
    running += 1;
    busy.set(lane, (busy.get(lane) ?? 0) + 1);
    try {
      await work(item);
    } catch (error) {
      failures.push(error);
    } finally {
      running -= 1;
      busy.set(lane, (busy.get(lane) ?? 0) - 1);
      wake();
    }
  };

  const place = (item: T): void => {
    const lane = laneOf(item);
    if (hasRoom(lane)) {
      void start(lane, item);
      return;
    }
    waiting.set(lane, (waiting.get(lane) ?? new Set()).add(item));
  };

  /** Whether there may be more to place at once. */
  const fill = (): boolean => {
    for (const [lane, queue] of waiting) {
      // An item whose lane is another one by now waits there, or begins.
      for (const item of queue) {
        if (!hasRoom(lane)) break;
        queue.delete(item);
        place(item);
      }
      if (queue.size === 0) waiting.delete(lane);
    }
    for (let count = 0; count < IN_ONE_GO; count += 1) {
      const item = next();
      if (item === null) return false;
      place(item);
    }
    return true;
  };

  return {
    wake: () => wake(),
    run: async () => {
      for (;;) {
        const woken = new Promise<void>((resolve) => {
          wake = resolve;
        });
        let more = false;
        try {
          more = failures.length === 0 && fill();
        } catch (error) {
          failures.push(error);
        }
        if (more) setImmediate(wake);
        else if (running === 0 && (failures.length > 0 || !mayComeMore())) break;
        await woken;
      }
      if (failures.length > 0) throw failures[0];
    },
  };
}
