import type { Json } from '../../ports/deployment.ts';
import type { Store, Transaction } from '../../store/store.ts';
import { statement } from '../../store/statements.ts';
import type { ProgressEvent, Renewal } from './types.ts';

/** Columns of a renewal that a step may change. */
type Changes = Partial<
  Pick<
    Renewal,
    'step' | 'accountUrl' | 'orderUrl' | 'authorizedAt' | 'issuedId' | 'deployments' | 'plans' | 'rollbacks'
  >
>;

const columns: Readonly<Record<keyof Changes, string>> = {
  step: 'step',
  accountUrl: 'account_url',
  orderUrl: 'order_url',
  authorizedAt: 'authorized_at',
  issuedId: 'issued_id',
  deployments: 'deployments',
  plans: 'plans',
  rollbacks: 'rollbacks',
};

export interface JournalEntry {
  readonly changes: Changes;
  /** Type of the audit event, `order.created`. */
  readonly type: string;
  readonly data: EventData;
}

/** Members of an audit event's data. */
export type EventData = { readonly [key: string]: Json };

/** Writes the journal of renewals: each step is one commit that holds the change and its audit event. */
export interface Journal {
  /** Resolves with the renewal as it stands once the step is durable. */
  step(renewal: Renewal, name: string, step: JournalEntry, also?: (transaction: Transaction) => void): Promise<Renewal>;
}

export function createJournal(store: Store, onProgress: (event: ProgressEvent) => void): Journal {
  return {
    step: async (renewal, name, { changes, type, data }, also) => {
      await store.commit((transaction) => {
        writeChanges(transaction, renewal.id, changes);
        also?.(transaction);
        transaction.audit({ type, subject: name, data: withRenewal(renewal.id, data) });
      });
      onProgress({ name, step: type });
      return { ...renewal, ...changes };
    },
  };
}

/** Every event of a renewal names it. */
export function withRenewal(id: string, data: EventData): EventData {
  return { renewal: id, ...data };
}

function writeChanges({ db }: Transaction, id: string, changes: Changes): void {
  const names = (Object.keys(changes) as (keyof Changes)[]).filter((name) => changes[name] !== undefined);
  if (names.length === 0) return;
  const assignments = names.map((name) => `${columns[name]} = ?`).join(', ');
  statement(db, `UPDATE renewal SET ${assignments} WHERE id = ?`).run(
    ...names.map((name) => columnValue(changes[name])),
    id,
  );
}

function columnValue(value: Changes[keyof Changes]): string | number | null {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : (value ?? null);
}
