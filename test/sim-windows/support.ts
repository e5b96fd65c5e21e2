import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSimWindows, type SimWindows, type SimWindowsOptions } from '../../lab/sim-windows/sim-windows.ts';

/** A configuration with these sites; `attributes` go into the site's element as they are. */
export function configurationOf(
  ...sites: readonly {
    readonly name: string;
    readonly attributes?: string;
    readonly bindings: readonly (readonly [protocol: string, information: string, sslFlags?: number])[];
    readonly path?: string;
    readonly inside?: string;
  }[]
): Buffer {
  const elements = sites.map(({ name, attributes, bindings, path, inside }, index) => {
    const list = bindings
      .map(([protocol, information, sslFlags]) => {
        const flags = sslFlags === undefined ? '' : ` sslFlags="${sslFlags}"`;
        return `<binding protocol="${protocol}" bindingInformation="${information}"${flags} />`;
      })
      .join('');
    const root = path ?? `C:\\inetpub\\site${index + 1}`;
    return `<site name="${name}" id="${index + 1}" ${attributes ?? ''}><application path="/"><virtualDirectory path="/" physicalPath="${root}" /></application>${inside ?? ''}<bindings>${list}</bindings></site>`;
  });
  return Buffer.from(
    `<?xml version="1.0" encoding="UTF-8"?><configuration><system.applicationHost><sites>${elements.join('')}</sites></system.applicationHost></configuration>`,
  );
}

/** A running double that is stopped, with its files, when the test is over. */
export async function simFor(
  t: { after(work: () => Promise<void>): void },
  applicationHostConfig: Buffer,
  options: Partial<SimWindowsOptions> & { readonly socket?: boolean } = {},
): Promise<SimWindows & { readonly folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'everbind-sim-'));
  const { socket, ...rest } = options;
  const sim = await startSimWindows({
    applicationHostConfig,
    rootFolder: join(folder, 'root'),
    ...(socket === true ? { socketPath: join(folder, 'socket') } : {}),
    ...rest,
  });
  t.after(async () => {
    await sim.stop();
    await rm(folder, { recursive: true, force: true });
  });
  return { ...sim, folder };
}
