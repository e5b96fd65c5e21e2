import { WindowsError } from '../../../src/errors/error.ts';
import { oldBelief } from '../../beliefs/old-belief.ts';
import { parseWindowsPath } from '../windows-path.ts';

/** How often ASP.NET would have restarted an application because a folder below it went away. */
export interface ApplicationRestarts {
  /** To be told each folder that is deleted or renamed. Folders that are made, and files, restart nothing. */
  folderWentAway(path: string): void;
  count(): number;
}

/**
 * ASP.NET 2.0 and later watches the folders below the root of an application, whether it has put anything there or not:
 * when one is deleted or renamed, the application domain is unloaded and in-process sessions are lost (T. Carter, MSDN
 * blogs, December 2005). `roots`: Windows paths of the roots of the sites, as they are now.
 */
export function createApplicationRestarts(roots: () => readonly string[]): ApplicationRestarts {
  let restarts = 0;
  return {
    folderWentAway: (path) => {
      if (oldBelief('D11')) return;
      restarts += roots().filter((root) => isBelow(path, root)).length;
    },
    count: () => restarts,
  };
}

function isBelow(path: string, root: string): boolean {
  const [segments, above] = [upperSegments(path), upperSegments(root)];
  return segments.length > above.length && above.every((name, index) => segments[index] === name);
}

/** Of a root that Windows would refuse too: a name that no path begins with. */
function upperSegments(path: string): readonly string[] {
  try {
    return parseWindowsPath(path).segments.map((name) => name.toUpperCase());
  } catch (error) {
    if (error instanceof WindowsError) return ['*'];
    throw error;
  }
}
