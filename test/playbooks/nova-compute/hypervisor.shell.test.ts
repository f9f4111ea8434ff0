import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { hypervisor, type HypervisorState } from '../../../playbooks/nova-compute/hypervisor.ts';
import { asSecretText } from '../../../src/secrets/text.ts';
import { folderForTest } from '../../support/temporary-folder.ts';
import { apply, me, runHere } from '../../operations/local.ts';
import type { PathState } from '../../../src/operations/file.ts';

type Virtualization = Parameters<typeof hypervisor>[1]['virtualization'];

let folder: string;
beforeEach(() => {
  folder = folderForTest();
  mkdirSync(join(folder, 'bin'));
});

const path = (): string => join(folder, 'nova-compute.conf');
const inFolder = (virtualization: Virtualization): ReturnType<typeof hypervisor> =>
  hypervisor(path(), { virtualization, ...me, mode: 0o600 });

/** A stand-in for the emulator, first in PATH. */
function emulator(script: string): void {
  const name = join(folder, 'bin', 'qemu-system-x86_64');
  writeFileSync(name, `#!/bin/sh\n${script}\n`);
  chmodSync(name, 0o755);
}

/** The probe's result on this machine with `device` for /dev/kvm, and a time limit of 1 s instead of 20 s. */
function observed(virtualization: Virtualization, device: string): HypervisorState {
  const { probe } = inFolder(virtualization);
  const search = `PATH="${join(folder, 'bin')}${delimiter}$PATH"`;
  const limit = 'timeout() { [ "$1" = 20 ] && shift && command timeout 1 "$@"; }';
  const script = [search, limit, probe.script.replaceAll('/dev/kvm', device)].join('\n');
  const answer = runHere(script, probe.input);
  expect(answer.exitCode).toBe(0);
  return probe.parse(answer);
}

/** A character device, like /dev/kvm. */
const DEVICE = '/dev/null';
const NO_DEVICE = '/dev/osha-no-such-device';

describe('the content before a host is probed', () => {
  it.each([
    ['detect', undefined],
    ['kvm', 'virt_type = kvm'],
    ['qemu', 'virt_type = qemu'],
  ] as const)('where virtualization is %s: %s', (virtualization, line) => {
    const { places } = inFolder(virtualization);
    expect(places === undefined ? undefined : asSecretText(places.content).masked().split('\n')).toEqual(
      line === undefined ? undefined : expect.arrayContaining([line]),
    );
  });
});

describe('the kind of virtualization', () => {
  const runs = 'read -r word && [ "$word" = quit ]';
  const cases: readonly (readonly [string, Virtualization, string, string | undefined, 'kvm' | 'qemu'])[] = [
    ['is KVM if a VM starts with it', 'detect', DEVICE, runs, 'kvm'],
    ['is software if a VM does not start', 'detect', DEVICE, 'echo "no KVM" >&2; exit 1', 'qemu'],
    ['is software if the emulator crashes', 'detect', DEVICE, 'kill -KILL $$', 'qemu'],
    ['is software if the emulator hangs', 'detect', DEVICE, 'exec sleep 60', 'qemu'],
    ['is software without the device', 'detect', NO_DEVICE, runs, 'qemu'],
    ['follows the inventory even if KVM would not start', 'kvm', NO_DEVICE, 'exit 1', 'kvm'],
    ['follows the inventory even if KVM would start', 'qemu', DEVICE, runs, 'qemu'],
  ];
  it.each(cases)('%s', (_name, virtualization, device, script, works) => {
    if (script !== undefined) emulator(script);
    expect(observed(virtualization, device)).toEqual({ works, file: { kind: 'missing', parent: true } });
  });

  it('is software while the emulator is missing', () => {
    const { probe } = inFolder('detect');
    const script = probe.script
      .replaceAll('/dev/kvm', DEVICE)
      .replaceAll('qemu-system-x86_64', 'osha-no-such-emulator');
    expect(probe.parse(runHere(script, probe.input))).toMatchObject({ works: 'qemu' });
    expect(probe.reads).toContain('package:qemu-system-x86');
  });

  it('is tested with a VM without disk, network or display that runs no instruction', () => {
    emulator(`printf '%s ' "$@" >"${folder}/words"; exit 0`);
    observed('detect', DEVICE);
    const words = readFileSync(join(folder, 'words'), 'utf8').split(' ');
    expect(words).toEqual(expect.arrayContaining(['-S', '-nodefaults', '-display', 'none']));
    expect(words).toEqual(expect.arrayContaining(['pc,accel=kvm', '-cpu', 'host']));
  });

  it('needs no test VM if the inventory sets it', () => {
    emulator(`: >"${folder}/started"`);
    observed('kvm', DEVICE);
    observed('qemu', DEVICE);
    expect(existsSync(join(folder, 'started'))).toBe(false);
  });
});

describe("Nova's file for compute hosts", () => {
  const text = (kind: string): string =>
    `# Placed by osha.\n\n[DEFAULT]\ncompute_driver = libvirt.LibvirtDriver\n\n[libvirt]\nvirt_type = ${kind}\n`;
  const file = (given: object): PathState => ({
    kind: 'file',
    what: 'a file',
    owner: 'root',
    group: 'nova',
    mode: 0o640,
    sizeBytes: 90,
    same: false,
    ...given,
  });
  const NAME = '/etc/nova/nova-compute.conf';
  const operation = hypervisor(NAME, { virtualization: 'detect', group: 'nova', mode: 0o640 });
  // The probe compares with the content for KVM, and transfers only other content.
  const holdsKvm = file({ same: true });
  const holdsQemu = file({ content: text('qemu') });
  const changing = [`change ${NAME}`];

  const cases: readonly (readonly [string, HypervisorState, readonly string[], string | undefined])[] = [
    ['stays if KVM works and is set', { works: 'kvm', file: holdsKvm }, [], undefined],
    ['stays if KVM does not work and QEMU is set', { works: 'qemu', file: holdsQemu }, [], undefined],
    ['changes if KVM works now', { works: 'kvm', file: holdsQemu }, changing, 'kvm'],
    ['changes if KVM no longer works', { works: 'qemu', file: holdsKvm }, changing, 'qemu'],
    [
      'is created if it is missing',
      { works: 'qemu', file: { kind: 'missing', parent: true } },
      [`create ${NAME}`],
      'qemu',
    ],
    [
      "replaces the package's file",
      { works: 'qemu', file: file({ content: '[libvirt]\nvirt_type=kvm\n' }) },
      changing,
      'qemu',
    ],
    [
      'is readable only by Nova',
      { works: 'qemu', file: file({ content: text('qemu'), mode: 0o644 }) },
      [`change ${NAME}: mode 0644 to 0640`],
      undefined,
    ],
  ];
  it.each(cases)('%s', (_name, state, changes, kind) => {
    const decided = operation.decide(state);
    expect(decided.map(({ summary }) => summary)).toEqual(changes);
    const input = decided[0]?.input;
    const placed = input === undefined ? undefined : asSecretText(input as string).reveal();
    expect(placed).toBe(kind === undefined ? undefined : text(kind));
  });

  it('has a diff from the content for KVM, although the probe does not transfer it', () => {
    const [change] = operation.decide({ works: 'qemu', file: holdsKvm });
    expect(change?.diff).toMatchObject({ before: text('kvm'), after: text('qemu') });
  });

  it('is converged after a change, for either kind', () => {
    for (const kind of ['kvm', 'qemu'] as const) {
      const placing = inFolder(kind);
      const pending = (): ReturnType<typeof placing.decide> => placing.decide(observed(kind, DEVICE));
      const [change] = pending();
      expect(change && apply(change).exitCode).toBe(0);
      expect(pending()).toEqual([]);
      expect(readFileSync(path(), 'utf8')).toBe(text(kind));
    }
  });
});
