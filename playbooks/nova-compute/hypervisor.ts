import { file, ini, type Operation, type PathState, questionOf, type SecretText, within } from 'osha';

export interface HypervisorOptions extends Pick<file.Access, 'owner' | 'group' | 'mode'> {
  /** `detect`: what a server starts with on this host. */
  readonly virtualization: 'detect' | 'kvm' | 'qemu';
}

type Kind = 'kvm' | 'qemu';

export interface HypervisorState {
  /** What a server starts with. */
  readonly works: Kind;
  /** The file, compared with the one for KVM. */
  readonly file: PathState;
}

/**
 * A machine that starts, and is ended before its first instruction. That there is a /dev/kvm says little: inside of a
 * virtual machine it may be there and refuse what a server's processor needs.
 */
const WORKS = `if [ -c /dev/kvm ] && printf 'quit\\n' | timeout ${within('kvmTrial')} qemu-system-x86_64 -machine pc,accel=kvm -cpu host -m 64 -nodefaults -no-user-config -display none -S -monitor stdio >/dev/null 2>&1; then echo kvm; else echo qemu; fi`;

function confOf(kind: Kind): SecretText {
  return ini({ DEFAULT: { compute_driver: 'libvirt.LibvirtDriver' }, libvirt: { virt_type: kind } });
}

/** How servers run is in Nova's file for compute hosts, which is read after nova.conf and wins over it. */
export function hypervisor(path: string, options: HypervisorOptions): Operation<HypervisorState> {
  const { virtualization, ...access } = options;
  const kvm = file.content(path, { content: confOf('kvm'), ...access });
  const qemu = file.content(path, { content: confOf('qemu'), ...access });
  // What is detected is only known on the host.
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
      // A file that is as expected is not brought here: then it is the one for KVM.
      const held = file.same ? confOf('kvm').reveal() : file.content;
      const known = held === undefined ? {} : { content: held };
      return qemu.decide({ ...file, ...known, same: held === confOf('qemu').reveal() });
    },
  };
}
