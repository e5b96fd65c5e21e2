import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { mustRun } from '../lab/run-command.ts';
import { devProgram } from './dev-program.ts';

const CONFIG = fileURLToPath(new URL('../.depcruise.cjs', import.meta.url));

/** Rooms that are not there yet. Their walls stand already; one that has come leaves the list. */
const comingRooms: readonly string[] = [
  'posture',
  'notify',
  'import',
  'service',
  'update',
  'hub',
  'custody/pkcs11',
  'custody/kms',
  'custody/vault',
];

/** As much of dependency-cruiser's output as is used here. */
interface Report {
  readonly modules: readonly { readonly source: string; readonly dependencies: readonly unknown[] }[];
  readonly summary: {
    readonly violations: readonly {
      readonly rule: { readonly name: string };
      readonly from: string;
      readonly to: string;
    }[];
  };
}

/** A wall: no module of `from` imports one of `to`. Paths are regular expressions. */
export interface Wall {
  readonly name: string;
  readonly from: Side;
  readonly to: Side & { readonly circular?: boolean; readonly dependencyTypesNot?: readonly string[] };
}

interface Side {
  readonly path?: string | readonly string[];
  readonly pathNot?: string | readonly string[];
}

/**
 * Checks the walls between rooms (.depcruise.cjs). A checker that sees nothing finds nothing, so the modules that it
 * saw are compared with the files that git knows.
 */
export async function checkWalls(root = '.'): Promise<void> {
  const listed = ['ls-files', '--cached', '--others', '--exclude-standard', 'src/*.ts', 'lab/*.ts'];
  const files = (await mustRun('git', ['-C', root, ...listed])).split('\n').filter((line) => line !== '');
  const report = await cruise(root);
  const seen = new Set(report.modules.map((module) => module.source));
  const missed = files.filter((file) => !seen.has(file));
  const edges = report.modules.reduce((sum, module) => sum + module.dependencies.length, 0);
  if (missed.length > 0 || edges < files.length / 2) {
    throw new Error(
      `the wall checker saw ${seen.size} modules and ${edges} imports; it missed ${missed.join(', ') || 'imports'}`,
    );
  }
  for (const violation of report.summary.violations) {
    console.error(`wall ${violation.rule.name}: ${violation.from} -> ${violation.to}`);
  }
  if (report.summary.violations.length > 0)
    throw new Error(`${report.summary.violations.length} imports through a wall`);
  console.log(`walls: ${files.length} modules, ${edges} imports, none through a wall`);
}

/** Checks that every wall of .depcruise.cjs stands between modules that exist, or belongs to a room that is to come. */
export async function checkBothSides(): Promise<void> {
  const { forbidden } = createRequire(import.meta.url)(CONFIG) as { readonly forbidden: readonly Wall[] };
  const { modules } = await cruise('.');
  const findings = wallsWithoutSides(
    forbidden,
    modules.map((module) => module.source),
    comingRooms,
  );
  if (findings.length > 0) throw new Error(findings.join('\n'));
}

/**
 * What is wrong with the walls themselves: nothing on a side, or a folder that is named and not there. `modules` are
 * all that are known, packages and modules of Node included.
 */
export function wallsWithoutSides(
  walls: readonly Wall[],
  modules: readonly string[],
  coming: readonly string[],
): readonly string[] {
  if (walls.length === 0 || modules.length === 0) return ['there are no walls, or no modules'];
  const folders = new Set(walls.flatMap(({ from, to }) => [from, to].flatMap(foldersNamed)));
  const isComing = (path: string): boolean => coming.some((room) => path.startsWith(`src/${room}/`));
  const imagined = [...coming.map((room) => `src/${room}/`), ...[...folders].filter(isComing)].map(
    (path) => `${path}x.ts`,
  );
  const known = [...modules, ...imagined];
  const findings = coming
    .filter((room) => modules.some((module) => module.startsWith(`src/${room}/`)))
    .map((room) => `src/${room} has come: take it from comingRooms in tools/walls.ts`);
  for (const folder of folders) {
    if (!known.some((path) => path.startsWith(folder))) findings.push(`a wall names ${folder}, which is not there`);
  }
  for (const { name, from, to } of walls) {
    if (!known.some((path) => isOn(from, path))) findings.push(`wall ${name}: nothing to keep in`);
    if (!known.some((path) => isOn(to, path))) findings.push(`wall ${name}: nothing to keep out`);
  }
  return findings;
}

function isOn({ path, pathNot }: Side, module: string): boolean {
  const matches = (patterns: string | readonly string[]): boolean =>
    [patterns].flat().some((each) => new RegExp(each).test(module));
  return (path === undefined || matches(path)) && (pathNot === undefined || !matches(pathNot));
}

/** Folders and files of src that the patterns of a side name one by one: `^src/(a|b)/` names two. */
function foldersNamed({ path = [], pathNot = [] }: Side): readonly string[] {
  return [path, pathNot]
    .flat()
    .filter((pattern) => pattern.startsWith('^src/'))
    .flatMap((pattern) => alternatives(pattern.slice(1)))
    .filter((pattern) => /^[\w/-]+$/.test(pattern));
}

function alternatives(pattern: string): readonly string[] {
  const [group, choices] = /\(([^()]*)\)/.exec(pattern) ?? [];
  if (group === undefined || choices === undefined) return [pattern];
  return choices.split('|').flatMap((choice) => alternatives(pattern.replace(group, choice)));
}

async function cruise(root: string): Promise<Report> {
  const args = ['--config', CONFIG, '--output-type', 'json', 'src', 'lab'];
  const { stdout, stderr } = await devProgram('depcruise', args, root);
  if (stdout === '') throw new Error(`dependency-cruiser said nothing but ${stderr}`);
  return JSON.parse(stdout) as Report;
}

if (import.meta.main) {
  await checkWalls();
  await checkBothSides();
}
