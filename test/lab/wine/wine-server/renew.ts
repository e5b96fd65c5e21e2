import assert from 'node:assert/strict';
import { it } from 'node:test';
import { runLabRenewal } from '../../../../lab/wine/renew/run.ts';

export function renewTest(): void {
  it('the whole job under Wine: two renewals, a roll-back, every field kept, no private key anywhere', async () => {
    let text = '';
    const keep = (part: string): void => void (text += part);
    const summary = await runLabRenewal({
      out: keep,
      err: keep,
      interactive: false,
      colour: false,
      columns: 80,
      drained: () => Promise.resolve(),
      readInput: () => Promise.resolve(''),
      ask: () => Promise.resolve(null),
    });
    const { scanSeconds, ...rest } = summary;
    assert.ok(scanSeconds > 0);
    assert.deepEqual(
      rest,
      {
        renewed: 14,
        verified: 18,
        rolledBack: 1,
        records: 8,
        fieldsKept: true,
        audit: 'ok',
        traces: 0,
        ok: true,
      },
      text,
    );
    for (const line of text.split('\n')) assert.ok(line.length <= 80 || /^\S+:\\> /.test(line), line);
  });
}
