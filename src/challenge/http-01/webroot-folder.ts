import { WindowsError } from '../../errors/error.ts';
import type { SiteFiles } from '../../ports/windows-host.ts';
import { createKeyedMutex } from '../../concurrency/keyed-mutex.ts';
import {
  type FoundWebConfig,
  readWebConfig,
  renderWebConfig,
  WEB_CONFIG_FORMS,
  type WebConfigForm,
} from './web-config.ts';

/** `root-missing`: there is no such root folder. `file-exists`: a foreign file has the name. */
export type PutOutcome = 'written' | 'root-missing' | 'file-exists';

/**
 * The folder `.well-known\acme-challenge` of any number of roots, shared by all tasks of this process. Once made, it
 * stays, empty: ASP.NET watches the folders below the root of an application and restarts it when one is removed.
 */
export interface WebrootFolders {
  /**
   * Writes the challenge response and, where the folder has none, our web.config. Safe to repeat, also after a kill.
   */
  put(root: string, token: string, response: string): Promise<PutOutcome>;
  /** Removes the response; with the last one of the root also our web.config. */
  remove(root: string, token: string, response: string): Promise<void>;
  /** The form of our web.config in the folder; null when it has none or a foreign one. */
  form(root: string): Promise<WebConfigForm | null>;
  /**
   * Writes the form after `from`, unless another task has done so already, and returns the form on disk. null when no
   * form is left, when web.config is not ours (nor was: `from` null), or when a response was already seen with the
   * present form, which must go on serving that response.
   */
  nextForm(root: string, from: WebConfigForm | null): Promise<WebConfigForm | null>;
  /** A response was seen: the form stays until the last response is removed. */
  settle(root: string): void;
}

interface Folder {
  readonly live: Set<string>;
  settled: boolean;
}

const MAX_WEB_CONFIG = 65_536;
const MAX_RESPONSE = 4_096;

export function createWebrootFolders(files: SiteFiles): WebrootFolders {
  const inTurn = createKeyedMutex();
  const folders = new Map<string, Folder>();
  const stateOf = (root: string): Folder => {
    const found = folders.get(keyOf(root)) ?? { live: new Set(), settled: false };
    folders.set(keyOf(root), found);
    return found;
  };
  const dismantleIfLast = async (root: string): Promise<void> => {
    if (stateOf(root).live.size > 0) return;
    await dismantle(files, root);
    folders.delete(keyOf(root));
  };

  return {
    put: (root, token, response) =>
      inTurn(keyOf(root), async () => {
        const { live } = stateOf(root);
        const file = `${challengeFolder(root)}\\${token}`;
        try {
          if (!(await placeWebConfig(files, root))) return 'root-missing';
          const found = await files.read(file, MAX_RESPONSE, root);
          if (found !== null && !isBeginning(found, response)) return 'file-exists';
          if (found?.length !== response.length) await files.write(file, Buffer.from(response, 'latin1'), root);
          live.add(token);
          return 'written';
        } finally {
          // After a failure as much is removed as can be; the failure itself is what counts.
          if (!live.has(token)) await dismantleIfLast(root).catch(() => {});
        }
      }),

    remove: (root, token, response) =>
      inTurn(keyOf(root), async () => {
        const file = `${challengeFolder(root)}\\${token}`;
        const found = await files.read(file, MAX_RESPONSE, root);
        if (found !== null && isBeginning(found, response)) await files.removeFile(file, root);
        stateOf(root).live.delete(token);
        await dismantleIfLast(root);
      }),

    form: (root) =>
      inTurn(keyOf(root), async () => {
        const found = await findWebConfig(files, root);
        return found?.kind === 'ours' ? found.form : null;
      }),

    nextForm: (root, from) =>
      inTurn(keyOf(root), async () => {
        const found = await findWebConfig(files, root);
        if (found?.kind !== 'ours' || from === null) return null;
        const tried = WEB_CONFIG_FORMS.indexOf(from);
        if (WEB_CONFIG_FORMS.indexOf(found.form) > tried) return found.form;
        const next = WEB_CONFIG_FORMS[tried + 1];
        if (next === undefined || stateOf(root).settled) return null;
        await files.write(webConfigPath(root), renderWebConfig(next), root);
        return next;
      }),

    settle: (root) => {
      stateOf(root).settled = true;
    },
  };
}

/** Makes sure that the folder has a web.config, ours or a foreign one; false when the root itself does not exist. */
async function placeWebConfig(files: SiteFiles, root: string): Promise<boolean> {
  const found = await findWebConfig(files, root);
  if (found !== null && found.kind !== 'torn') return true;
  if (found === null && (await isMissing(files, root))) return false;
  const made = await files.write(webConfigPath(root), renderWebConfig('plain'), root);
  if (made.length <= CHALLENGE_FOLDERS) return true;
  // The root went away in between, and was made again: no application can be there that the removal would restart.
  await files.removeFile(webConfigPath(root), root);
  for (const [index, folder] of made.toReversed().entries()) {
    await (index < CHALLENGE_FOLDERS ? files.removeEmptyFolder(folder, root) : files.removeEmptyFolder(folder));
  }
  return false;
}

/** A folder that is there cannot be read, and one that may not be looked at is left to the write that follows. */
async function isMissing(files: SiteFiles, folder: string): Promise<boolean> {
  try {
    return (await files.read(folder, 0)) === null;
  } catch (error) {
    if (error instanceof WindowsError) return false;
    throw error;
  }
}

/** `.well-known` and `acme-challenge`. */
const CHALLENGE_FOLDERS = 2;

async function dismantle(files: SiteFiles, root: string): Promise<void> {
  const found = await findWebConfig(files, root);
  if (found !== null && found.kind !== 'foreign') await files.removeFile(webConfigPath(root), root);
}

async function findWebConfig(files: SiteFiles, root: string): Promise<FoundWebConfig | null> {
  try {
    const octets = await files.read(webConfigPath(root), MAX_WEB_CONFIG, root);
    return octets === null ? null : readWebConfig(octets);
  } catch (error) {
    // Ours is small; one that is too large to be read is foreign.
    if (error instanceof WindowsError && error.status === FILE_TOO_LARGE) return { kind: 'foreign' };
    throw error;
  }
}

const FILE_TOO_LARGE = 223;

// A kill may have truncated the file.
function isBeginning(found: Uint8Array, response: string): boolean {
  return response.startsWith(Buffer.from(found).toString('latin1'));
}

function challengeFolder(root: string): string {
  return `${root.replace(/[\\/]+$/, '')}\\.well-known\\acme-challenge`;
}

function webConfigPath(root: string): string {
  return `${challengeFolder(root)}\\web.config`;
}

function keyOf(root: string): string {
  return challengeFolder(root).replaceAll('/', '\\').toLowerCase();
}
