import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Layout } from '../../src/windows/ffi/layouts.ts';
import type { WineLab } from './lab.ts';

const FOLDER = 'opt/offsets';

// Structures that the header of mingw-w64 lacks, with the members that Microsoft documents for them (http.h, Windows 8
// and later), or that the metadata of its headers lists (…_EX).
const LACKING = `typedef struct { SOCKADDR_STORAGE IpPort; PWSTR Host; } HTTP_SERVICE_CONFIG_SSL_SNI_KEY;
typedef struct { HTTP_SERVICE_CONFIG_SSL_SNI_KEY KeyDesc; HTTP_SERVICE_CONFIG_SSL_PARAM ParamDesc; } HTTP_SERVICE_CONFIG_SSL_SNI_SET;
typedef struct {
    HTTP_SERVICE_CONFIG_QUERY_TYPE QueryDesc;
    HTTP_SERVICE_CONFIG_SSL_SNI_KEY KeyDesc;
    DWORD dwToken;
} HTTP_SERVICE_CONFIG_SSL_SNI_QUERY;
typedef struct { SOCKADDR_STORAGE LocalAddress; } HTTP_SERVICE_CONFIG_SSL_CCS_KEY;
typedef struct { HTTP_SERVICE_CONFIG_SSL_CCS_KEY KeyDesc; HTTP_SERVICE_CONFIG_SSL_PARAM ParamDesc; } HTTP_SERVICE_CONFIG_SSL_CCS_SET;
typedef struct {
    HTTP_SERVICE_CONFIG_QUERY_TYPE QueryDesc;
    HTTP_SERVICE_CONFIG_SSL_CCS_KEY KeyDesc;
    DWORD dwToken;
} HTTP_SERVICE_CONFIG_SSL_CCS_QUERY;
typedef struct { SOCKADDR_STORAGE IpPort; } HTTP_SERVICE_CONFIG_SSL_KEY_EX;
typedef struct { DWORD ParamType; ULONGLONG Flags; struct { ULONG Count; void *List; } Longest; } HTTP_SERVICE_CONFIG_SSL_PARAM_EX;
#define EX(kind, key) \\
    typedef struct { HTTP_SERVICE_CONFIG_QUERY_TYPE QueryDesc; key KeyDesc; DWORD dwToken; DWORD ParamType; } kind##_QUERY_EX; \\
    typedef struct { key KeyDesc; HTTP_SERVICE_CONFIG_SSL_PARAM_EX ParamDesc; } kind##_SET_EX;
EX(HTTP_SERVICE_CONFIG_SSL, HTTP_SERVICE_CONFIG_SSL_KEY_EX)
EX(HTTP_SERVICE_CONFIG_SSL_SNI, HTTP_SERVICE_CONFIG_SSL_SNI_KEY)
EX(HTTP_SERVICE_CONFIG_SSL_CCS, HTTP_SERVICE_CONFIG_SSL_CCS_KEY)`;

/** The same structures as the compiler lays them out. Rejects when one of them, or a field, does not exist. */
export async function compiledLayouts(
  lab: WineLab,
  layouts: Readonly<Record<string, Layout>>,
): Promise<Readonly<Record<string, Layout>>> {
  const folder = join(lab.root, FOLDER);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'offsets.c'), program(layouts));
  await lab.compile(folder, [
    '-std=c11',
    '-Wall',
    '-Wextra',
    '-Werror',
    '-D_WIN32_WINNT=0x0A00',
    '-o',
    'offsets.exe',
    'offsets.c',
  ]);
  const prefix = await lab.newPrefix({ applicationHostConfig: null });
  try {
    const run = "process.stdout.write(require('node:child_process').execFileSync(process.argv[1]))";
    const { status, stdout, stderr } = await prefix.run([
      '-e',
      run,
      `Z:\\${FOLDER.replaceAll('/', '\\')}\\offsets.exe`,
    ]);
    if (status !== 0) throw new Error(`offsets.exe failed: ${stderr}`);
    return JSON.parse(stdout) as Record<string, Layout>;
  } finally {
    await prefix.remove();
  }
}

function program(layouts: Readonly<Record<string, Layout>>): string {
  const structures = Object.entries(layouts).map(([name, { fields }]) => {
    const offsets = Object.keys(fields).map((field) => `offset(${name}, ${field})`);
    return `    begin(${name})\n    ${offsets.join(' printf(",");\n    ')}\n    printf("}}");`;
  });
  return `#include <winsock2.h>
#include <ws2tcpip.h>
#include <windows.h>
#include <http.h>
#include <wincrypt.h>
#include <bcrypt.h>
#include <ncrypt.h>
#include <stddef.h>
#include <stdio.h>
${LACKING}
#define begin(type) printf("\\"%s\\":{\\"size\\":%zu,\\"fields\\":{", #type, sizeof(type));
#define offset(type, field) printf("\\"%s\\":%zu", #field, offsetof(type, field));
int main(void)
{
    printf("{");
${structures.join('\n    printf(",");\n')}
    printf("}");
    return 0;
}
`;
}
