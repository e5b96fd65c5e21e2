import type { State } from '../../src/agent/state.ts';

/** Rows of a query over the database, for what no reader of the product shows. */
export function rowsOf({ store }: Pick<State, 'store'>, sql: string): readonly Readonly<Record<string, unknown>>[] {
  return store.read((db) => db.prepare(sql).all());
}
