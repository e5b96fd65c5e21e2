import { fileURLToPath } from 'node:url';

/** Where a running demo can be reached. */
export interface DemoWorld {
  readonly pid: number;
  readonly stateDir: string;
  readonly socketPath: string;
}

/** Says that a demo runs and where; removed when it ends. */
export const worldFile = fileURLToPath(new URL('../../.cache/demo.json', import.meta.url));
