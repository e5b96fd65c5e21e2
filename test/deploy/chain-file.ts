import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { DeploymentType, SchemaValues } from '../../src/deploy/deployment-type.ts';
import { toPem } from '../../src/pki/asn1/pem.ts';
import type { CertificateMaterial, Deployment, EndpointCheck } from '../../src/ports/deployment.ts';

interface ChainFileConfig {
  readonly type: 'chain-file';
  /** Absolute path. */
  readonly file: string;
}

/** What a visitor finds in the file; null when it is not there. Tests pass one that lies. */
export type Look = (file: string) => Promise<string | null>;

const settings = ({ filePath }: SchemaValues) => ({
  file: filePath('a file for the chain').meta({ description: 'File that gets the chain as PEM.' }),
});

/**
 * The least deployment that does a whole job: the chain in a file, beside it one file for each certificate that is
 * installed.
 */
export function chainFileType(look: Look): DeploymentType<'nothing', ChainFileConfig, ReturnType<typeof settings>> {
  return {
    type: 'chain-file',
    description: 'The chain in a file.',
    needs: 'nothing',
    settings,
    configure: ({ file }, { folder, problem }) => {
      if (!file.endsWith('.pem')) problem(['file'], JSON.stringify(file), 'a name that ends in .pem');
      return { type: 'chain-file', file: resolve(folder, file) };
    },
    describe: ({ file }) => `the file ${file}`,
    create: async ({ file }, { ownThumbprints }) => createChainFile(file, look, ownThumbprints),
  };
}

/** The file as it is. */
export function readIfThere(file: string): Promise<string | null> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
}

function createChainFile(file: string, look: Look, own: () => ReadonlyMap<string, string>): Deployment {
  const installed = (thumbprint: string): string => `${file}.${thumbprint}`;
  const check = async (expected: string | null, servedThumbprint: string | null): Promise<readonly EndpointCheck[]> => {
    const ok = (await look(file)) === expected;
    const code = ok ? null : 'VERIFY_WRONG_LEAF';
    const outcome = ok ? 'verified' : 'failed';
    const message = ok ? '' : 'another chain is there';
    return [{ endpoint: file, host: '', outcome, code, message, servedThumbprint, findings: [] }];
  };
  return {
    type: 'chain-file',
    install: async (material) => {
      const attached = await material.attach();
      if (attached.kind !== 'pkcs8') throw new Error('the key cannot leave its provider');
      await writeFile(installed(material.thumbprint), pemOf(material));
    },
    plan: async ({ thumbprint }) => {
      const before = await readIfThere(file);
      const change = { target: file, reason: 'it gets the new chain', replaces: null, sites: [] };
      return { type: 'chain-file', changes: [change], skipped: [], snapshot: before, detail: thumbprint };
    },
    look: async (plan) => plan,
    apply: ({ detail }) => copyFile(installed(detail as string), file),
    verify: (_, material) => check(pemOf(material), material.thumbprint),
    restore: async ({ snapshot }) => {
      const before = snapshot as string | null;
      await (before === null ? rm(file, { force: true }) : writeFile(file, before));
      return check(before, null);
    },
    retire: async (thumbprint) => {
      if (!own().has(thumbprint)) return false;
      await rm(installed(thumbprint), { force: true });
      return true;
    },
  };
}

function pemOf({ chain }: Pick<CertificateMaterial, 'chain'>): string {
  return chain.map((der) => toPem('CERTIFICATE', der)).join('');
}
