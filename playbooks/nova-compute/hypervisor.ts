import { file, ini, type Operation, type PathState, questionOf, type SecretText, within } from 'osha';

export interface HypervisorOptions extends Pick<file.Access, 'owner' | 'group' | 'mode'> {
  /** `detect` picks what a VM starts with on this host. */
  readonly virtualization: 'detect' | 'kvm' | 'qemu';
}

type Kind = 'kvm' | 'qemu';

export interface HypervisorState {
  /** What a VM starts with. */
  readonly works: Kind;
  /** The state of the file, compared with the content for KVM. */
  readonly file: PathState;
}

/**
 * Starts a VM that quits before its first instruction. The presence of /dev/kvm is not enough: inside a VM it may exist and
 * still refuse the CPU features that a server needs.
 */
const WORKS = `if [ -c /dev/kvm ] && printf 'quit\\n' | timeout ${within('kvmTrial')} qemu-system-x86_64 -machine pc,accel=kvm -cpu host -m 64 -nodefaults -no-user-config -display none -S -monitor stdio >/dev/null 2>&1; then echo kvm; else echo qemu; fi`;

function confOf(kind: Kind): SecretText {
  return ini({ DEFAULT: { compute_driver: 'libvirt.LibvirtDriver' }, libvirt: { virt_type: kind } });
}

/** Sets how servers run, in Nova's file for compute hosts, which overrides nova.conf. */
export function hypervisor(path: string, options: HypervisorOptions): Operation<HypervisorState> {
  const { virtualization, ...access } = options;
  const kvm = file.content(path, { content: confOf('kvm'), ...access });
  const qemu = file.content(path, { content: confOf('qemu'), ...access });
  // With `detect` the content is known only on the host.
  const { places } = virtualization === 'qemu' ? qemu : kvm;
  return {
    scope: 'host',
    title: path,
    ...(places && virtualization !== 'detect' ? { places } : {}),
    probe: {
      ...questionOf(kvm.probe),
      script: `${virtualization === 'detect' ? WORKS : `echo ${virtualization}`}\n${kvm.probe.script}`,
      reads: [...kvm.probe.reads, 'package:qemu-system-x86'],
      parse: (answer) => {
        const [works = '', ...rest] = answer.stdout.split('\n');
        const file = kvm.probe.parse({ ...answer, stdout: rest.join('\n') });
        return { works: works === 'kvm' ? 'kvm' : 'qemu', file };
      },
    },
    decide: ({ works, file }) => {
      if (works === 'kvm') return kvm.decide(file);
      if (file.kind !== 'file') return qemu.decide(file);
      // The content of a file that equals the expected one, for KVM, is not transferred.
      const held = file.same ? confOf('kvm').reveal() : file.content;
      const known = held === undefined ? {} : { content: held };
      return qemu.decide({ ...file, ...known, same: held === confOf('qemu').reveal() });
    },
  };
}
