import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';

const help = `node tools/verify-node.ts --sums SHASUMS256.txt --entry NAME --file FILE

Says whether a program of Node that we ship is the one that Node's releasers signed for:
docs/decisions/0001-runtime-and-tools.md has the steps.

  --sums   SHASUMS256.txt of the version, after gpg --verify of SHASUMS256.txt.asc
  --entry  the name of the file there, such as win-x64/node.exe
  --file   what is to be shipped, or the archive that its program is compared with

Exit status: 0 they match, 1 they do not, 2 wrong usage, or the list has no such entry.
`;

/** The SHA-256 that a list of Node's has for a file, in lower-case hex; null when it has none, or several. */
export function listedSum(sums: string, entry: string): string | null {
  const found = sums.split(/\r?\n/).flatMap((line) => {
    const [, sum = '', name] = /^([0-9a-f]{64}) [ *](\S+)$/.exec(line) ?? [];
    return name === entry ? [sum] : [];
  });
  return found.length === 1 ? (found[0] ?? null) : null;
}

/** Whether a file is the one that the list means; null: the list does not name it once. */
export async function matches(sums: string, entry: string, file: string): Promise<boolean | null> {
  const listed = listedSum(sums, entry);
  if (listed === null) return null;
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex') === listed;
}

async function main(): Promise<number> {
  const options = { sums: { type: 'string' }, entry: { type: 'string' }, file: { type: 'string' } } as const;
  const { sums, entry, file } = parseArgs({ options }).values;
  if (sums === undefined || entry === undefined || file === undefined) {
    console.error(help);
    return 2;
  }
  const verdict = await matches(await readFile(sums, 'utf8'), entry, file);
  if (verdict === null) {
    console.error(`${sums} does not name ${entry} exactly once`);
    return 2;
  }
  console.log(`${verdict ? 'match' : 'MISMATCH'}  ${file} and ${entry}`);
  return verdict ? 0 : 1;
}

if (import.meta.main) process.exitCode = await main();
