import { unquoteTxt } from '../../../src/dns/provider-kit/txt-text.ts';
import { foreign, name } from './contract.ts';

/** A record as a host keeps it that gives each one an identifier. */
export interface Row {
  readonly id: string;
  readonly type: string;
  /** Full, without a dot at the end. */
  readonly name: string;
  /** In the host's form: in quotes or not. */
  readonly text: string;
  readonly ttl: number;
}

export interface Rows {
  readonly all: readonly Row[];
  add(type: string, owner: string, text: string, ttl: number): Row;
  /** False when there is no such row. */
  remove(id: string): boolean;
  find(owner: string, type?: string): readonly Row[];
  /** For HostState. */
  values(owner: string): readonly string[];
  others(): unknown;
}

export interface RowsOptions {
  /** The form that the host keeps values in; as they are unless told. */
  readonly form?: (value: string) => string;
  readonly id?: (count: number) => string;
  /** How many values stand at the name besides `foreign`, so that one page does not hold them. */
  readonly crowd?: number;
}

/** The zone that every double of a record API starts with. */
export function zoneRows({ form = (value) => value, id = String, crowd = 0 }: RowsOptions = {}): Rows {
  const all: Row[] = [];
  let count = 0;
  const add = (type: string, owner: string, text: string, ttl: number): Row => {
    count += 1;
    const row = { id: id(count), type, name: owner, text, ttl };
    all.push(row);
    return row;
  };
  const find = (owner: string, type = 'TXT'): readonly Row[] =>
    all.filter((row) => row.name === owner && row.type === type);
  add('A', 'www.example.com', '192.0.2.1', 3600);
  add('TXT', 'example.com', form('v=spf1 -all'), 3600);
  add('TXT', `x.${name}`, form('not at the name'), 3600);
  for (let index = 0; index < crowd; index += 1) add('TXT', name, form(`crowd ${index}`), 600);
  add('TXT', name, form(foreign), 600);
  return {
    all,
    add,
    find,
    remove: (id) => {
      const at = all.findIndex((row) => row.id === id);
      if (at >= 0) all.splice(at, 1);
      return at >= 0;
    },
    values: (owner) => find(owner).map((row) => unquoteTxt(row.text)),
    others: () => all.filter((row) => row.name !== name || row.type !== 'TXT'),
  };
}

/** One page, counted from 1. */
export function page<T>(all: readonly T[], number: number, size: number): readonly T[] {
  return all.slice((number - 1) * size, number * size);
}
