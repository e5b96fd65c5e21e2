/** How long each CA could have been used: it was up, and the account inside its limit. */
export interface UsableTime {
  /** How it stands from `from` to `to`. */
  add(ca: string, from: number, to: number, usable: boolean): void;
  /** Milliseconds in this stretch. */
  within(ca: string, from: number, to: number): number;
}

interface Unusable {
  readonly from: number;
  to: number;
}

/** Keeps the stretches in which a CA was of no use, which are few. */
export function createUsableTime(): UsableTime {
  const stretches = new Map<string, Unusable[]>();
  return {
    add: (ca, from, to, usable) => {
      if (usable) return;
      const list = stretches.get(ca) ?? [];
      stretches.set(ca, list);
      const last = list.at(-1);
      if (last?.to === from) last.to = to;
      else list.push({ from, to });
    },
    within: (ca, from, to) => {
      let unusable = 0;
      const list = stretches.get(ca) ?? [];
      for (let index = list.length - 1; index >= 0; index -= 1) {
        const stretch = list[index];
        if (stretch === undefined || stretch.to <= from) break;
        unusable += Math.max(0, Math.min(to, stretch.to) - Math.max(from, stretch.from));
      }
      return to - from - unusable;
    },
  };
}
