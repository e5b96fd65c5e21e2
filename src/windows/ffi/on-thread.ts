import type { KoffiFunc } from 'koffi';

// The arguments of calls under way on other threads. koffi does not keep them, and the garbage collector would free
// them.
const inUse = new Set<readonly unknown[]>();

/** Calls a native function on a thread of the pool that Node also uses for files and name look-ups. */
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
