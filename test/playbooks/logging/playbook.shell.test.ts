import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import logging from '../../../playbooks/logging/playbook.ts';
import { rsyslogAccepts, parseLogging, type LoggingView } from '../../../playbooks/logging/health.ts';
import { ProbeError, type Answer } from '../../../src/playbook/operation.ts';
import { aHost, anInventory } from '../../support/inventory.ts';
import { folderForTest } from '../../support/temporary-folder.ts';
import { contextOf, placedFile } from '../context.ts';

function placed(path: string, settings: unknown = {}): string {
  return placedFile(logging, contextOf(logging, { settings }), 'controller1', path) ?? '';
}

const RSYSLOG = '/etc/rsyslog.d/30-osha.conf';

describe('the logging playbook', () => {
  it('runs on load balancers and holders of virtual IPs', () => {
    const hosts = [
      aHost('balancer1', { roles: ['loadbalancer'] }),
      aHost('database1', { roles: ['database'] }),
      aHost('compute1', { roles: ['compute'] }),
    ];
    const { vips } = anInventory();
    const held = vips.map((vip) => ({ ...vip, holders: ['database1'] }));
    expect(logging.hosts(anInventory({ hosts, vips: held })).map((host) => host.name)).toEqual([
      'balancer1',
      'database1',
    ]);
  });

  it('accepts lines only from the host itself', () => {
    expect(placed(RSYSLOG)).toContain('input(type="imudp" address="127.0.0.1" port="514")');
  });

  it.each([
    ['haproxy', 'local0'],
    ['keepalived', 'local3'],
  ])('writes the lines of %s to its own file and nowhere else', (program, facility) => {
    expect(placed(RSYSLOG))
      .toContain(`if $syslogfacility-text == "${facility}" or tolower($programname) startswith "${program}" then {
    /var/log/${program}.log;OshaFile
    stop
}
`);
  });

  it("writes the host's own name instead of localhost", () => {
    const templates = placed(RSYSLOG).match(/string=.*/g) ?? [];
    expect(templates).toHaveLength(2);
    for (const template of templates) {
      expect(template).toContain(' %$myhostname% ');
      expect(template).not.toContain('%hostname%');
    }
    const forwarded = placed(RSYSLOG, { remote: ['192.0.2.9'] });
    expect(forwarded).toContain('template="OshaForward")');
  });

  it('forwards every line before a rule stops it, and never blocks on an unreachable server', () => {
    const conf = placed(RSYSLOG, { remote: ['logs.example.net', '192.0.2.9:1514'], remote_protocol: 'tcp' });
    expect(conf).toContain('action(type="omfwd" target="logs.example.net" port="514" protocol="tcp"');
    expect(conf).toContain('action(type="omfwd" target="192.0.2.9" port="1514" protocol="tcp"');
    expect(conf.match(/queue\.timeoutEnqueue="0"/g)).toHaveLength(2);
    expect(conf.lastIndexOf('omfwd')).toBeLessThan(conf.indexOf('stop'));
    expect(placed(RSYSLOG)).not.toContain('omfwd');
  });

  it.each(['haproxy', 'keepalived'])('rotates the log of %s every day', (program) => {
    const conf = placed(`/etc/logrotate.d/${program}`, { keep_days: 30 });
    expect(conf).toContain(`\n/var/log/${program}.log {\n    daily\n    rotate 30\n`);
    expect(conf).toContain('\n    postrotate\n        /usr/lib/rsyslog/rsyslog-rotate\n    endscript\n');
  });

  it.each([{ remote: ['two words'] }, { remote: ['tcp://host'] }, { remote: ['host:0'] }, { keep_days: 0 }])(
    'refuses %j',
    (settings) => {
      expect(logging.settings.safeParse(settings).success).toBe(false);
    },
  );

  const programs = (['rsyslogd', 'logrotate'] as const).filter(
    (program) => spawnSync(program, ['--version']).error === undefined,
  );
  const checked: readonly (readonly ['rsyslogd' | 'logrotate', string, readonly string[]])[] = [
    ['rsyslogd', RSYSLOG, ['-N1', '-f']],
    ['logrotate', '/etc/logrotate.d/haproxy', ['--debug']],
  ];
  it.skipIf(programs.length < 2).each(checked)('is accepted by %s itself', (program, path, options) => {
    const folder = folderForTest();
    const target = join(folder, 'conf');
    writeFileSync(target, placed(path, { remote: ['192.0.2.9'] }), { mode: 0o644 });
    const { status, stderr } = spawnSync(program, [...options, target], { encoding: 'utf8' });
    expect([status, stderr.match(/error.*/i)?.[0]]).toEqual([0, undefined]);
  });
});

describe('the logging check', () => {
  const judged = (output: string): string => {
    const answers = new Map<string, Answer<LoggingView>>([
      ['controller1', { reachable: true, observed: parseLogging(output) }],
    ]);
    const [finding] = rsyslogAccepts(anInventory().hosts, 'rsyslog').judge(answers);
    return `${finding?.healthy ? '+' : '-'} ${finding?.evidence}`;
  };
  const files = 'file /var/log/haproxy.log 900\nfile /var/log/keepalived.log 0\n';

  it.each([
    [
      'reports the age of the last lines of a listening rsyslog',
      `unit active\nnow 1000\nlistens 127.0.0.1:514\n${files}`,
      '+ listens on 127.0.0.1:514, haproxy.log written 100 s ago, keepalived.log written 16 min ago',
    ],
    [
      'accepts an rsyslog without any lines yet',
      'unit active\nnow 1000\nlistens 127.0.0.1:514\n',
      '+ listens on 127.0.0.1:514',
    ],
    [
      'reports an rsyslog that is not running',
      'unit inactive\nnow 1000\n',
      '- rsyslog is not running (inactive)',
    ],
    [
      'reports an rsyslog without a listener',
      `unit active\nnow 1000\n${files}`,
      '- rsyslog is not listening on 127.0.0.1:514',
    ],
    [
      'reports an rsyslog that listens on another address',
      'unit active\nnow 1000\nlistens 192.0.2.11:514\n',
      '- rsyslog is not listening on 127.0.0.1:514',
    ],
  ])('%s', (_name, output, expected) => {
    expect(judged(output)).toBe(expected);
  });

  it('throws on output without a unit state', () => {
    expect(() => parseLogging('')).toThrow(ProbeError);
  });
});
