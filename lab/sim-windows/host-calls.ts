import type { WindowsHost } from '../../src/ports/windows-host.ts';

/**
 * Every call of the WindowsHost port that another process can make; `httpServer.serve` is beside them, since it takes a
 * function.
 */
export const hostCalls = [
  'describe',
  'appcmd',
  'endpoints',
  'addresses',
  'allowsInbound',
  'certificates.list',
  'certificates.find',
  'certificates.importWithKey',
  'certificates.add',
  'certificates.addWithKey',
  'certificates.remove',
  'keys.providers',
  'keys.create',
  'keys.publicKey',
  'keys.sign',
  'keys.remove',
  'sslRecords.enumerate',
  'sslRecords.query',
  'sslRecords.set',
  'sslRecords.update',
  'sslRecords.remove',
  'files.read',
  'files.write',
  'files.removeFile',
  'files.removeEmptyFolder',
] as const;

export type HostCall = (typeof hostCalls)[number] | 'httpServer.serve';

/** Makes a WindowsHost of one function that gets the name of each call and its parameters. */
export function hostFromCalls(
  call: (name: (typeof hostCalls)[number], parameters: readonly unknown[]) => Promise<unknown>,
  serve: WindowsHost['httpServer']['serve'],
): WindowsHost {
  // The parameters come from this very interface, so the result has the type that it promises.
  const method =
    (name: (typeof hostCalls)[number]) =>
    (...parameters: readonly unknown[]): Promise<never> =>
      call(name, parameters) as Promise<never>;
  return {
    describe: method('describe'),
    appcmd: method('appcmd'),
    endpoints: method('endpoints'),
    addresses: method('addresses'),
    allowsInbound: method('allowsInbound'),
    certificates: {
      list: method('certificates.list'),
      find: method('certificates.find'),
      importWithKey: method('certificates.importWithKey'),
      add: method('certificates.add'),
      addWithKey: method('certificates.addWithKey'),
      remove: method('certificates.remove'),
    },
    keys: {
      providers: method('keys.providers'),
      create: method('keys.create'),
      publicKey: method('keys.publicKey'),
      sign: method('keys.sign'),
      remove: method('keys.remove'),
    },
    sslRecords: {
      enumerate: method('sslRecords.enumerate'),
      query: method('sslRecords.query'),
      set: method('sslRecords.set'),
      update: method('sslRecords.update'),
      remove: method('sslRecords.remove'),
    },
    files: {
      read: method('files.read'),
      write: method('files.write'),
      removeFile: method('files.removeFile'),
      removeEmptyFolder: method('files.removeEmptyFolder'),
    },
    httpServer: { serve },
  };
}

/** Makes one call of a host by its name. */
export function callHost(host: WindowsHost, name: string, parameters: readonly unknown[]): Promise<unknown> {
  if (!hostCalls.some((known) => known === name)) throw new Error(`the host has no call ${name}`);
  const [group = '', method] = name.split('.');
  const holder = (method === undefined ? host : host[group as keyof WindowsHost]) as unknown as Record<
    string,
    (...parameters: readonly unknown[]) => Promise<unknown>
  >;
  const work = holder[method ?? group];
  if (work === undefined) throw new Error(`the host has no call ${name}`);
  return work.apply(holder, [...parameters]);
}
