import { writeSync } from 'node:fs';
import { systemClock } from '../../src/net/system.ts';
import { acquireLease } from '../../src/store/lease.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { sharedSigner } from './support.ts';

// A process of its own for tests that kill or stop one: child.ts ROLE DATABASE [NUMBER]. Tells what it did, a line
// each, unbuffered.

const [role = '', path = '', number = ''] = process.argv.slice(2);

function tell(line: string): void {
  writeSync(1, `${line}\n`);
}

/** Eight writers at once that tell the number of each row after it was acknowledged; `number` rows, or until killed. */
async function write(store: Store, label: string): Promise<void> {
  await store.commit(({ db }) => db.exec('CREATE TABLE IF NOT EXISTS t (label TEXT, n INTEGER)'));
  const most = number === '' ? Infinity : Number(number);
  let given = 0;
  const writer = async (): Promise<void> => {
    while (given < most) {
      const n = given;
      given += 1;
      await store.commit(({ db, audit }) => {
        db.prepare('INSERT INTO t VALUES (?, ?)').run(label, n);
        audit({ type: 'row.written', subject: label, data: n });
      });
      tell(String(n));
    }
  };
  await Promise.all(Array.from({ length: 8 }, writer));
}

/** Takes the lease for `number` ms at a time, keeps it, and tells when it is lost and what a commit then says. */
async function hold(store: Store): Promise<void> {
  const lease = await acquireLease(store, systemClock, Number(number));
  tell(`token ${lease.token}`);
  await new Promise((resolve) => {
    lease.lost.addEventListener('abort', resolve, { once: true });
    setInterval(() => undefined, 1000);
  });
  tell(`lost ${lease.lost.reason.code}`);
  const code = await store.commit(() => 'done').catch((error: { code: string }) => error.code);
  tell(`commit ${code}`);
  process.exit(0);
}

const store = openStore({ path, clock: systemClock });
store.signWith(sharedSigner());
if (role === 'hold') await hold(store);
else {
  if (role === 'write-leased') await acquireLease(store, systemClock);
  await write(store, String(process.pid));
  await store.close();
}
