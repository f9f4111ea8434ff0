import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { bootstrap } from '../../../playbooks/keystone/bootstrap.ts';
import { Secret } from '../../../src/secrets/secret.ts';
import { folderForTest } from '../../support/temporary-folder.ts';
import { runMeanwhile } from '../openstack/operations/meanwhile.ts';

const password = new Secret('openstackAdmin', 'kP2vX8rLq5TzNw3H');
const URL = 'http://192.0.2.20:5000/v3';
const urls = { public: 'https://198.51.100.20:5000/v3', internal: URL, admin: URL };
const operation = bootstrap(
  { authUrl: URL, user: 'admin', project: 'admin', password },
  { runAs: 'keystone', region: 'RegionOne', urls },
);
const bootstrapping = operation.decide({ status: 401 })[0]!;

describe("the cloud's administrator", () => {
  const WORDS = ['bootstrap Keystone with the administrator admin'];
  const cases: readonly (readonly [string, number, readonly string[]])[] = [
    ['exists if the login works', 201, []],
    ['is created if the login is rejected', 401, WORDS],
    ['is created if Keystone fails without it', 500, WORDS],
    ['is created if HAProxy has no backend', 503, WORDS],
    ['is created if nothing answers', 0, WORDS],
  ];
  it.each(cases)('%s', (_name, status, changes) => {
    expect(operation.decide({ status }).map(({ summary }) => summary)).toEqual(changes);
  });

  it('is the account that the probe logs in with', () => {
    const said = (stdout: string): unknown => operation.probe.parse({ stdout, stderr: '', exitCode: 0 });
    expect(said('{"status": 401, "error": "no"}\n')).toEqual({ status: 401, error: 'no' });
    expect(said('')).toMatchObject({ status: 0 });
  });
});

describe('bootstrapping Keystone', () => {
  let folder: string;
  beforeEach(() => {
    folder = folderForTest();
  });

  it('sets the password in the environment inside the process, where no other process sees it', async () => {
    // Stand-ins: a Keystone module and a runuser that record their arguments.
    const log = join(folder, 'log.json');
    const recorder = `import json, os, sys
def main():
    parts = {"argv": sys.argv[1:], "password": os.environ["OS_BOOTSTRAP_PASSWORD"]}
    parts["seen"] = [open("/proc/self/" + name).read() for name in ("cmdline", "environ")]
    json.dump(parts, open(${JSON.stringify(log)}, "w"))
`;
    writeFileSync(join(folder, 'recorder.py'), recorder);
    const modules = `import sys, types; sys.path.insert(0, ${JSON.stringify(folder)}); import recorder
for name in ("keystone", "keystone.cmd", "keystone.cmd.manage"): sys.modules[name] = types.ModuleType(name)
sys.modules["keystone.cmd.manage"].main = recorder.main
`;
    writeFileSync(join(folder, 'sitecustomize.py'), modules);
    writeFileSync(
      join(folder, 'runuser'),
      '#!/bin/sh\n[ "$1 $2 $3" = "-u keystone --" ] || exit 9\nshift 3\nexec "$@"\n',
    );
    chmodSync(join(folder, 'runuser'), 0o755);
    const before = `export PYTHONPATH="${folder}" PATH="${folder}:$PATH"\nset -e\n`;
    const input = bootstrapping.input as Parameters<typeof runMeanwhile>[1];
    expect(await runMeanwhile(before + bootstrapping.script, input)).toEqual({
      stdout: '',
      stderr: '',
      exitCode: 0,
    });
    const told = JSON.parse(readFileSync(log, 'utf8')) as { readonly seen: readonly string[] };
    expect(told).toMatchObject({
      argv: [
        ...['bootstrap', '--bootstrap-username', 'admin', '--bootstrap-project-name', 'admin'],
        ...['--bootstrap-region-id', 'RegionOne', '--bootstrap-public-url', urls.public],
        ...['--bootstrap-internal-url', URL, '--bootstrap-admin-url', URL],
      ],
      password: password.reveal(),
    });
    expect(told.seen.join()).toContain('--bootstrap-username');
    expect(told.seen.join()).not.toContain(password.reveal());
  });

  it('has the password only on stdin', () => {
    expect(String(bootstrapping.input as unknown)).toBe('<secret openstackAdmin>\n');
    expect(`${bootstrapping.script}${operation.probe.script}${String(operation.probe.input)}`).not.toContain(
      password.reveal(),
    );
  });
});
