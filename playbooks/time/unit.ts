const AUTO = `# A container shares the clock of the machine that it runs on, and must not set it.
[Unit]
ConditionCapability=

[Service]
ExecStart=
ExecStart=!/bin/sh -c 'if systemd-detect-virt --quiet --container; then set -- -x; else set --; fi; exec /usr/sbin/chronyd $DAEMON_OPTS "$@"'
`;

const NEVER = `[Unit]
ConditionCapability=

[Service]
ExecStart=
ExecStart=!/usr/sbin/chronyd $DAEMON_OPTS -x
`;

/** The drop-in for chrony's unit: whether it sets the clock, or only watches how far off it is. */
export function clockDropIn(control: 'auto' | 'always' | 'never'): string {
  const body = { auto: AUTO, never: NEVER, always: '# chrony sets the clock, as its unit has it.\n' }[
    control
  ];
  return `# Placed by osha.\n${body}`;
}
