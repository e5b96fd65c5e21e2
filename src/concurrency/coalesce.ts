/**
 * One read at a time for callers that all want the present state. Callers that come during a read share the next one,
 * since the running one may have begun before a change that they have just made.
 */
export function coalesce<T>(read: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | null = null;
  let next: Promise<T> | null = null;
  const start = (): Promise<T> => {
    const reading = read();
    running = reading;
    const settled = (): void => {
      if (running === reading) running = null;
    };
    reading.then(settled, settled);
    return reading;
  };
  const startNext = (): Promise<T> => {
    next = null;
    return start();
  };
  return () => {
    if (next === null && running === null) return start();
    next ??= (running ?? Promise.resolve()).then(startNext, startNext);
    return next;
  };
}
