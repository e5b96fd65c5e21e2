import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { ensureLab, type WineLab } from '../../../lab/wine/lab.ts';
import { compiledLayouts } from '../../../lab/wine/offsets.ts';
import { layouts } from '../../../src/windows/ffi/layouts.ts';

let lab: WineLab;
before(async () => {
  lab = await ensureLab();
});

describe('structures of Windows', () => {
  it('have the sizes and offsets that the compiler gives them', async () => {
    assert.deepEqual(await compiledLayouts(lab, layouts), layouts);
  });

  it('of other shapes are noticed', async () => {
    const moved = { OVERLAPPED: { size: 32, fields: { hEvent: 16 } } };
    assert.notDeepEqual(await compiledLayouts(lab, moved), moved);
    await assert.rejects(compiledLayouts(lab, { OVERLAPPED: { size: 32, fields: { hEvents: 24 } } }), /hEvents/);
  });
});
