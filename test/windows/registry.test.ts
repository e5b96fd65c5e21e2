import { equal, throws } from 'node:assert/strict';
import { test } from 'node:test';
import type { Native } from '../../src/windows/ffi/native.ts';
import { registryNumber } from '../../src/windows/registry.ts';

test('a registry value that is absent or no number is none; other failures are failures', () => {
  const value = (status: number): number | null =>
    registryNumber({ advapi32: { RegGetValueW: () => status } } as unknown as Native, 'SOFTWARE\\X', 'Enabled');
  equal(value(0), 0);
  equal(value(2), null);
  equal(value(1630), null);
  throws(() => value(5), { status: 5 });
});
