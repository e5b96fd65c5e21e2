import { hostProblem } from '../iis/host-checks.ts';
import type { OpenHost, Environment } from './environment.ts';

/**
 * Connects to the web server's host and checks that it can be used. Throws WIN_NOT_WINDOWS and the errors of
 * hostProblem.
 */
export async function connectHost(environment: Environment): Promise<OpenHost> {
  const open = await environment.openHost();
  try {
    const problem = hostProblem(await open.host.describe());
    if (problem !== null) throw problem;
    return open;
  } catch (error) {
    await open.close();
    throw error;
  }
}
