import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EverbindError } from '../../src/errors/error.ts';
import { PROVIDERS } from '../../src/dns/providers/all.ts';
import { findProvider } from '../../src/dns/provider-kit/open.ts';
import { endpointSetting } from '../../src/dns/provider-kit/settings.ts';
import { idleParts } from './support.ts';

test('every provider says what an operator has to know', () => {
  assert.equal(new Set(PROVIDERS.map(({ name }) => name)).size, PROVIDERS.length);
  for (const provider of PROVIDERS) {
    const { name, title, settings, privilege, testedAgainst, documentation } = provider;
    assert.match(name, /^[a-z][a-z0-9-]+$/);
    assert.equal(findProvider(name), provider);
    assert.ok(title.length > 1 && privilege.length > 20, name);
    assert.match(testedAgainst, /^real: |^double of the documented API$/, name);
    assert.match(documentation, /^https:\/\//, name);
    for (const setting of [...settings, endpointSetting('https://api.example')]) {
      assert.match(setting.name, /^[a-z][A-Za-z0-9]*$/, name);
      assert.ok(setting.description.length > 10, `${name} ${setting.name}`);
      assert.ok(!(setting.required && setting.default !== undefined), `${name} ${setting.name}`);
    }
    assert.equal(new Set(settings.map((setting) => setting.name)).size, settings.length, name);
  }
  assert.throws(() => findProvider('nobody'), { code: 'DNS_PROVIDER_SETTING' });
});

test('no provider is made without a required setting, and its error has no value in it', () => {
  for (const { name, settings, create } of PROVIDERS) {
    for (const missing of settings.filter(({ required }) => required)) {
      const given = settings.filter((setting) => setting !== missing && setting.required);
      assert.throws(
        () => create(Object.fromEntries(given.map((setting) => [setting.name, 'https://marker.example'])), idleParts),
        (error) =>
          error instanceof EverbindError &&
          error.code === 'DNS_PROVIDER_SETTING' &&
          !JSON.stringify([error.message, error.details]).includes('marker'),
        `${name} without ${missing.name}`,
      );
    }
  }
});
