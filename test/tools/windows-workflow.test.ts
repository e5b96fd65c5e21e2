import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { parse } from 'yaml';

// No runner is at hand here: what can be said of the workflow is said of its text. The first real run must leave facts
// even when everything in it is red.

interface Step {
  readonly name?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly if?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Workflow {
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: {
    readonly iis: {
      readonly strategy: { readonly 'fail-fast': boolean; readonly matrix: { readonly os: readonly string[] } };
      readonly steps: readonly Step[];
    };
  };
}

const text = readFileSync('.github/workflows/windows.yml', 'utf8');
const workflow = parse(text) as Workflow;
const { steps, strategy } = workflow.jobs.iis;
const scripts = ['.github/windows-snapshot.ps1', '.github/windows-as-system.ps1'];
const run = (step: Step | undefined): string => step?.run ?? '';
const placeOf = (pattern: RegExp): number => steps.findIndex((step) => pattern.test(run(step)));

describe('the Windows workflow', () => {
  it('goes on after a red step, and is red in the end', () => {
    const [first, ...others] = steps;
    assert.match(first?.uses ?? '', /^actions\/checkout@/);
    const last = others.pop();
    assert.match(last?.uses ?? '', /^actions\/upload-artifact@/);
    assert.equal(last?.if, '${{ always() }}');
    assert.ok(others.length >= 10);
    for (const step of others) assert.equal(step.if, '${{ !cancelled() }}', step.name ?? '');
    // The one key that would turn a red step green.
    assert.doesNotMatch(text, /continue-on-error/);
    assert.equal(strategy['fail-fast'], false);
  });

  it('pins every action to a commit, says which version that is, and may only read', () => {
    const uses = [...text.matchAll(/uses: (.*)/g)].map(([, action = '']) => action);
    assert.equal(uses.length, steps.filter((step) => step.uses !== undefined).length);
    for (const action of uses) assert.match(action, /^actions\/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    assert.deepEqual(workflow.permissions, { contents: 'read' });
    assert.equal(steps[0]?.with?.['persist-credentials'], false);
    assert.doesNotMatch(text, /secrets\.|pull_request_target|npm (?:ci|install)(?! --ignore-scripts)/);
  });

  it('runs on both servers: contract, self-test, first run, both as SYSTEM, between two snapshots', () => {
    assert.deepEqual(strategy.matrix.os, ['windows-2022', 'windows-2025']);
    const order = [
      /Install-WindowsFeature/,
      /npm ci --ignore-scripts/,
      /windows-snapshot\.ps1 results\/before/,
      /test\/windows\/contract\.test\.ts/,
      /src\/cli\/main\.ts selftest/,
      /lab\/first-run\/main\.ts/,
      /windows-as-system\.ps1/,
      /windows-snapshot\.ps1 results\/after/,
      /wevtutil query-events/,
      /tools\/first-run\.ts/,
    ].map(placeOf);
    assert.ok(!order.includes(-1), order.join());
    assert.deepEqual(
      order,
      order.toSorted((one, other) => one - other),
    );
  });

  it('sees a feature that was not installed, and waits for port 80', () => {
    const install = run(steps[placeOf(/Install-WindowsFeature/)]);
    assert.match(install, /if \(-not \$result\.Success\) \{ throw/);
    for (const feature of ['Web-Server', 'Web-Scripting-Tools', 'Web-Ftp-Server', 'Web-CertProvider']) {
      assert.ok(install.includes(`'${feature}'`), feature);
    }
    assert.match(install, /Connect\('127\.0\.0\.1', 80\)/);
  });

  it('keeps what was seen: reports, snapshots, result files, event logs', () => {
    assert.equal(steps.at(-1)?.with?.['path'], 'results');
    const all = text + scripts.map((path) => readFileSync(path, 'utf8')).join('\n');
    for (const what of [
      'test-reporter=junit',
      'results/contract.xml',
      'results/selftest.json',
      'results/first-run.json',
      'http show sslcert',
      'http show urlacl',
      'http show iplisten',
      'applicationHost.config',
      'certutil -store',
      'Microsoft/Crypto/Keys',
      'Microsoft-Windows-HttpService/Trace',
      'Microsoft-Windows-CAPI2/Operational',
      'Microsoft-Windows-CodeIntegrity/Operational',
    ]) {
      assert.ok(all.includes(what), what);
    }
  });

  it('runs the whole self-test, with every algorithm, and fails when it did', () => {
    const selftest = run(steps[placeOf(/main\.ts selftest/)]);
    assert.doesNotMatch(selftest, /--algorithm/);
    assert.match(selftest, /exit \$LASTEXITCODE/);
  });

  it('names files that are there', () => {
    const named = [
      ...(text + readFileSync(scripts[1] ?? '', 'utf8')).matchAll(/\b(?:src|lab|test|tools)\/[\w/.-]+\.ts\b/g),
    ];
    assert.ok(named.length >= 5);
    for (const path of [...named.map(([found]) => found), ...scripts]) assert.ok(existsSync(path), path);
    for (const path of scripts) assert.ok(text.includes(path), path);
  });

  it('is checked out with the line endings of the repository', () => {
    assert.match(readFileSync('.gitattributes', 'utf8'), /^\* text=auto eol=lf$/m);
  });
});
