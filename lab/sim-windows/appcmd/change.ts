import { type ConfigurationPath, parseConfigurationPath, type PathStep } from './arguments.ts';
import type { MutableElement } from '../xml-writer.ts';

/** A refusal of appcmd: exit code (Win32, or an HRESULT) and the text behind `message:`. */
export class AppcmdRefusal extends Error {
  readonly exitCode: number;

  constructor(exitCode: number, message: string) {
    super(message);
    this.name = 'AppcmdRefusal';
    this.exitCode = exitCode;
  }
}

export const FILE_NOT_FOUND = 2;
export const ACCESS_DENIED = 5;
export const INVALID_PARAMETER = 87;
export const ALREADY_EXISTS = 183;
/** ERROR_OBJECT_NOT_FOUND, as the HRESULT with which appcmd ends. */
export const OBJECT_NOT_FOUND = 0x8007_10d8;

// Collections of the sites section: the element of an entry, the attributes that must differ, those without which an
// entry is refused.
const collections: Readonly<Record<string, { readonly entry: string; readonly keys: readonly string[] }>> = {
  bindings: { entry: 'binding', keys: ['protocol', 'bindingInformation'] },
  sites: { entry: 'site', keys: ['name'] },
};

/** Carries out one `/path:value`, `/+path` or `/-path` below an element. Throws AppcmdRefusal. */
export function changeElement(root: MutableElement, name: string, value: string | null): void {
  const path = parseConfigurationPath(name);
  if (path === null) throw malformed(name);
  if (path.operation === null) setValue(root, path, name, value);
  else if (path.operation === '+') addEntry(root, path, name);
  else removeEntry(root, path, name);
}

/** What some version of appcmd may refuse: nobody has documented that each takes it. */
export type AppcmdRefuses =
  /** A site named by its id alone: `[id='3']`. */
  | 'id-indexer'
  /** A setting without a value: `/…serverCertHash:`. */
  | 'empty-value'
  /** sslFlags among the keys of a new binding: `+[…].bindings.[protocol='https',…,sslFlags='1']`. */
  | 'flags-in-keys';

/** Throws AppcmdRefusal for a setting of `set config` that this appcmd does not take. */
export function refuse(refuses: readonly AppcmdRefuses[], name: string, value: string | null): void {
  const steps = parseConfigurationPath(name)?.steps ?? [];
  const byId = steps.some((step) => step.kind === 'element' && Object.keys(step.keys).join() === 'id');
  const flags = steps.some((step) => step.kind === 'element' && 'sslFlags' in step.keys);
  const refused =
    (byId && refuses.includes('id-indexer')) ||
    (value === '' && refuses.includes('empty-value')) ||
    (flags && refuses.includes('flags-in-keys'));
  if (refused) throw malformed(name);
}

/** Carries out `/path` of `clear config`: takes a setting or an element away; an absent one is no error. */
export function clearElement(root: MutableElement, name: string): void {
  const path = parseConfigurationPath(name);
  const last = path?.steps.at(-1);
  if (path === null || path.operation !== null || last === undefined) throw malformed(name);
  const holder = follow(root, path.steps.slice(0, -1));
  if (last.kind === 'element') {
    holder.children.splice(holder.children.indexOf(find(holder, last.keys, name)), 1);
    return;
  }
  holder.attributes = Object.fromEntries(Object.entries(holder.attributes).filter(([key]) => key !== last.name));
  holder.children = holder.children.filter((child) => child.name !== last.name);
}

function setValue(root: MutableElement, { steps }: ConfigurationPath, name: string, value: string | null): void {
  const last = steps.at(-1);
  if (last?.kind !== 'name' || value === null) throw malformed(name);
  const holder = follow(root, steps.slice(0, -1));
  if (last.name !== 'bindings') {
    holder.attributes[last.name] = value;
    return;
  }
  const bindings = follow(holder, [last]);
  bindings.children = value
    .split(',')
    .filter((part) => part !== '')
    .map((part) => {
      const slash = part.indexOf('/');
      if (slash < 1) throw malformed(name);
      const protocol = part.slice(0, slash);
      const flags = protocol === 'https' ? { sslFlags: '0' } : {};
      return {
        name: 'binding',
        attributes: { protocol, bindingInformation: part.slice(slash + 1), ...flags },
        children: [],
      };
    });
}

function addEntry(root: MutableElement, { steps }: ConfigurationPath, name: string): void {
  const last = steps.at(-1);
  if (last?.kind !== 'element') throw malformed(name);
  const holder = follow(root, steps.slice(0, -1));
  const { entry, keys } = collectionOf(holder, name);
  const missing = keys.find((key) => last.keys[key] === undefined);
  if (missing !== undefined) throw malformed(name);
  const label = keys.map((key) => last.keys[key]).join(', ');
  if (holder.children.some((child) => child.name === entry && keys.every((key) => sameText(child, key, last.keys)))) {
    throw new AppcmdRefusal(ALREADY_EXISTS, `Failed to add duplicate collection element "${label}".`);
  }
  // IIS prints the flags of a new https binding, 0 too.
  const isBare = entry === 'binding' && last.keys['protocol'] === 'https' && last.keys['sslFlags'] === undefined;
  const attributes = { ...last.keys, ...(isBare ? { sslFlags: '0' } : {}) };
  holder.children.push({ name: entry, attributes, children: [] });
}

function removeEntry(root: MutableElement, { steps }: ConfigurationPath, name: string): void {
  const last = steps.at(-1);
  if (last?.kind !== 'element') throw malformed(name);
  const holder = follow(root, steps.slice(0, -1));
  const child = find(holder, last.keys, name);
  holder.children.splice(holder.children.indexOf(child), 1);
}

// Elements without keys are made when they are missing, entries of a collection are not.
function follow(root: MutableElement, steps: readonly PathStep[]): MutableElement {
  let element = root;
  for (const step of steps) {
    if (step.kind === 'element') {
      element = find(element, step.keys, element.name);
      continue;
    }
    const found = element.children.find((child) => child.name === step.name);
    const next = found ?? { name: step.name, attributes: {}, children: [] };
    if (found === undefined) element.children.push(next);
    element = next;
  }
  return element;
}

function find(holder: MutableElement, keys: Readonly<Record<string, string>>, name: string): MutableElement {
  const { entry } = collectionOf(holder, name);
  const found = holder.children.find(
    (child) => child.name === entry && Object.keys(keys).every((key) => sameText(child, key, keys)),
  );
  if (found === undefined) throw new AppcmdRefusal(FILE_NOT_FOUND, 'Cannot find requested collection element.');
  return found;
}

function collectionOf(
  holder: MutableElement,
  name: string,
): { readonly entry: string; readonly keys: readonly string[] } {
  const collection = collections[holder.name];
  if (collection === undefined) throw malformed(name);
  return collection;
}

function sameText(element: MutableElement, key: string, keys: Readonly<Record<string, string>>): boolean {
  return (element.attributes[key] ?? '').toLowerCase() === (keys[key] ?? '').toLowerCase();
}

export function malformed(name: string): AppcmdRefusal {
  return new AppcmdRefusal(INVALID_PARAMETER, `Malformed collection indexer or unknown attribute "${name}".`);
}
