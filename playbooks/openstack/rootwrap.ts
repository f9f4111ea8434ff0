import { file, ini, type Operation, type Platform, type SecretText } from 'osha';

/** Searched before the operating system's own folders. */
const ENTRIES = '/usr/local/libexec/osha/openstack';

/** A program that rootwrap starts as root, and the function that its entry point calls. */
interface Program {
  readonly name: string;
  readonly module: string;
  readonly main: string;
}

const PRIVSEP: Program = { name: 'privsep-helper', module: 'oslo_privsep.daemon', main: 'helper_main' };

/** Per service whose agents become root through rootwrap: the multi-threaded programs that it starts. */
const PROGRAMS: Readonly<Record<'neutron' | 'nova', readonly Program[]>> = {
  neutron: [
    PRIVSEP,
    {
      name: 'neutron-keepalived-state-change',
      module: 'neutron.cmd.keepalived_state_change',
      main: 'main',
    },
  ],
  nova: [PRIVSEP],
};

export interface Rootwrap {
  readonly operations: readonly Operation[];
  /** The files they place; agents restart when one changes. */
  readonly paths: readonly string[];
}

/**
 * Entry points for the programs that a service starts as root, and the rootwrap settings that select them; empty where the
 * platform's own work. oslo.log 5.0 gives every process with eventlet a log lock that only green threads can share: two
 * real threads that log or fork at the same moment deadlock (Launchpad 1995091). Later versions leave it to the program
 * (`fix_eventlet`).
 */
export function rootwrap(platform: Platform, service: keyof typeof PROGRAMS): Rootwrap {
  if (platform.versions.osloLog !== '5.0') return { operations: [], paths: [] };
  const placed = [
    ...PROGRAMS[service].map((program) => ({
      path: `${ENTRIES}/${program.name}`,
      content: entryPoint(program),
      mode: 0o755,
    })),
    { path: `/etc/${service}/rootwrap.conf`, content: rootwrapConf(service), mode: 0o644 },
  ];
  return {
    operations: placed.map(({ path, ...options }) => file.content(path, options)),
    paths: placed.map(({ path }) => path),
  };
}

function entryPoint({ module, main }: Program): string {
  return `#!/usr/bin/python3
# Placed by osha. The program of this name, with a log that its threads can share:
# oslo.log 5.0 gives it a lock for green threads only (Launchpad 1995091).
import sys

from oslo_log import log

log._fix_eventlet_logging = lambda: None

from ${module} import ${main}

sys.exit(${main}())
`;
}

/** The package's settings, with osha's folder of programs first. */
function rootwrapConf(service: string): SecretText {
  return ini({
    DEFAULT: {
      filters_path: [`/etc/${service}/rootwrap.d`, `/usr/share/${service}/rootwrap`],
      exec_dirs: [
        ENTRIES,
        '/sbin',
        '/usr/sbin',
        '/bin',
        '/usr/bin',
        '/usr/local/bin',
        '/usr/local/sbin',
        ...(service === 'neutron' ? ['/etc/neutron/kill_scripts'] : []),
      ],
      rlimit_nofile: 1024,
    },
  });
}
