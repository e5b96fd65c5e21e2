import { hostProblem } from '../iis/host-checks.ts';
import type { OpenHost, Environment } from './environment.ts';

/** The web server's host, once it is clear that something can be done there. Throws WIN_NOT_WINDOWS and those of hostProblem. */
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
