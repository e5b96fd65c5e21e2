import { createNameHider as hiding, type HideName } from '../../src/selftest/snapshot.ts';

/** Puts something in the place of a name. Equal names have the same within one run only. */
export interface NameHider {
  readonly hide: HideName;
}

/** `show`: names stay as they are. */
export function createNameHider(show: boolean): NameHider {
  const hide = hiding();
  return { hide: (name) => (show || name === '' ? name : hide(name)) };
}
