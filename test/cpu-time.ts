/**
 * The CPU time in ms that this process spends on some work. For what must not take more than linear time: the clock
 * would also count what other processes do on a busy machine.
 */
export async function cpuMs(work: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
