import { createHmac, randomBytes } from 'node:crypto';

/** Puts `name#` and twelve hex digits in the place of a name. Equal names have equal digits within one run only. */
export interface NameHider {
  hide(name: string): string;
}

/** `show`: names stay as they are. */
export function createNameHider(show: boolean): NameHider {
  const key = randomBytes(32);
  return {
    hide: (name) => {
      if (show || name === '') return name;
      return `name#${createHmac('sha256', key).update(name.toLowerCase()).digest('hex').slice(0, 12)}`;
    },
  };
}
