import { quoteTxt, unquoteTxt } from '../../../src/dns/provider-kit/txt-text.ts';
import { foreign, name } from './contract.ts';

/** All records of one type at a name, as a host keeps them that takes them at once. */
export interface HostedSet {
  readonly values: readonly string[];
  readonly ttl: number;
  /** Counts the changes. */
  readonly version: number;
}

export interface Sets {
  get(owner: string, type?: string): HostedSet | null;
  /** No values: the set is gone. */
  put(owner: string, values: readonly string[], ttl: number, type?: string): HostedSet;
  /** Adds a value as another writer would. */
  intrude(value: string): void;
  /** For HostState. */
  values(owner: string): readonly string[];
  others(): unknown;
}

/** The zone that every double of an API of record sets starts with. */
export function zoneSets(form: (value: string) => string = quoteTxt, meaning = unquoteTxt): Sets {
  const sets = new Map<string, HostedSet>();
  let version = 0;
  const key = (owner: string, type: string): string => `${type} ${owner}`;
  const get = (owner: string, type = 'TXT'): HostedSet | null => sets.get(key(owner, type)) ?? null;
  const put = (owner: string, values: readonly string[], ttl: number, type = 'TXT'): HostedSet => {
    version += 1;
    const set = { values, ttl, version };
    if (values.length === 0) sets.delete(key(owner, type));
    else sets.set(key(owner, type), set);
    return set;
  };
  put('www.example.com', ['192.0.2.1'], 3600, 'A');
  put('example.com', [form('v=spf1 -all')], 3600);
  put(`x.${name}`, [form('not at the name')], 3600);
  put(name, [form(foreign)], 1234);
  return {
    get,
    put,
    intrude: (value) => {
      const before = get(name);
      put(name, [...(before?.values ?? []), form(value)], before?.ttl ?? 300);
    },
    values: (owner) => (get(owner)?.values ?? []).map(meaning),
    others: () => [...sets].filter(([owner]) => owner !== key(name, 'TXT')),
  };
}
