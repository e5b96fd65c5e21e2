import type { KoffiFunc } from 'koffi';

// What a thread reads and writes at this moment. koffi does not keep the arguments of such a call, and the collector would free them.
const inUse = new Set<readonly unknown[]>();

/** Calls a native function on a thread of the pool that Node's files and name look-ups share. */
export async function onThread<A extends unknown[], R>(native: KoffiFunc<(...args: A) => R>, args: A): Promise<R> {
  inUse.add(args);
  try {
    return await new Promise<R>((resolve, reject) => {
      native.async(...args, (error: Error | null, result: R) => {
        if (error !== null) reject(error);
        else resolve(result);
      });
    });
  } finally {
    inUse.delete(args);
  }
}
