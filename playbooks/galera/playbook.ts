import { file, hostsWith, minutes, mysql, packages, playbook, service, step, verify } from 'osha';
import { vipOf } from '../haproxy/vips.ts';
import * as galera from './cluster/cluster.ts';
import { arbitratorDropIn, arbitratorEnv, arbitratorHost, votersOf } from './arbitrator.ts';
import {
  HEALTH_PORT,
  HEALTH_PROGRAM,
  HEALTH_UNIT,
  HEALTH_USER,
  healthProgram,
  healthUnit,
} from './files/health-endpoint.ts';
import { myCnf, REPLICATION_PORT } from './files/my-cnf.ts';
import { settings, settingsOf } from './settings.ts';
import { galeraProblems } from './validate.ts';
import { healthAccount, healthSystemUser } from './health-account.ts';
import { backup } from './backup.ts';
import { drillWrites } from './drill.ts';
import { healthy } from './health.ts';
import { life } from './life.ts';

const HEALTH_UNIT_FILE = `/etc/systemd/system/${HEALTH_UNIT}`;
/** The step that lets clients in. */
const OPENS = `Run the health endpoint on port ${HEALTH_PORT}`;
const HEALTH_FOLDER = HEALTH_PROGRAM.slice(0, HEALTH_PROGRAM.lastIndexOf('/'));
/** Checks that it parses, before it replaces the running program. */
const IS_PYTHON = `python3 -c 'import ast, sys; ast.parse(open(sys.argv[1]).read())' {}`;

/** A MariaDB Galera cluster behind one address, with its health endpoint and an optional arbitrator. */
export default playbook({
  name: 'galera',
  title: 'MariaDB Galera',
  // The members and the arbitrator's host, which gets no database.
  hosts: (inventory) => {
    const arbitrator = arbitratorHost(inventory, settingsOf(inventory));
    return inventory.hosts.filter((host) => host.roles.includes('database') || host === arbitrator);
  },
  needs: ['base'],
  settings,
  options: {
    'bootstrap-from': {
      what: 'member of the database',
      step: 'Form the cluster',
      hosts: (inventory) => hostsWith(inventory, 'database'),
      loses: ({ name }, inventory) => {
        const others = hostsWith(inventory, 'database').filter((host) => host.name !== name);
        if (others.length === 0) return undefined;
        const names = others.map((host) => host.name).join(', ');
        return `The database continues with the data of ${name}; anything written only to ${names} is lost. An unreachable member must be off for good: if it still runs, it is a second database.`;
      },
    },
  },
  extraVote: ({ arbitrator }) => (arbitrator === undefined ? undefined : 'database'),
  morePorts: ({ inventory, settings }) => {
    const { members, arbitrator } = votersOf(inventory, settings);
    const hosts = members.map((host) => host.name);
    return [
      { port: settings.port, process: 'mariadbd', hosts },
      { port: REPLICATION_PORT, process: 'mariadbd', hosts },
      { port: HEALTH_PORT, process: 'python3', hosts },
      ...(arbitrator ? [{ port: REPLICATION_PORT, process: 'garbd', hosts: [arbitrator.name] }] : []),
    ];
  },

  steps: ({ inventory, settings, platform, options }) => {
    const { packages: names, paths, units } = platform;
    const { members, arbitrator } = votersOf(inventory, settings);
    const voters = { platform, ...(arbitrator ? { arbitrator } : {}) };
    const onMembers = { hosts: members };
    const dropIn = `/etc/systemd/system/${units.arbitrator}.service.d/osha.conf`;
    return [
      step('Recognise the cluster', galera.recognised(members, { ...voters, clusterName: inventory.name }), {
        recovers: true,
      }),
      step(
        'Install MariaDB and Galera',
        packages.installed([...names.galera, ...names.mariabackup]),
        onMembers,
      ),
      step(
        'Configure the member',
        (host) =>
          file.content(paths.mariadbConf, {
            content: myCnf({ host, members, clusterName: inventory.name, settings, platform }),
          }),
        onMembers,
      ),
      step('Start MariaDB at boot', service.enabled(units.mariadb), onMembers),
      step(
        'Form the cluster',
        galera.cluster(members, { ...voters, bootstrapFrom: options['bootstrap-from'] }),
        { recovers: true },
      ),
      ...(arbitrator
        ? [
            step(
              'Configure the arbitrator',
              (host) => [
                packages.installed(names.arbitrator),
                file.content(paths.arbitratorEnv, { content: arbitratorEnv(host, members, inventory.name) }),
                file.directory(dropIn.slice(0, dropIn.lastIndexOf('/'))),
                file.content(dropIn, { content: arbitratorDropIn() }),
              ],
              { hosts: [arbitrator] },
            ),
            step(
              'Run the arbitrator',
              service.running(units.arbitrator, { newerThan: [paths.arbitratorEnv, dropIn] }),
              { hosts: [arbitrator], recovers: true },
            ),
          ]
        : []),
      step('Remove default accounts', mysql.secured(), { ...onMembers }),
      step('Create the account of the health endpoint', healthAccount(HEALTH_USER), {
        ...onMembers,
      }),
      step(
        'Install the health endpoint',
        (host) => [
          healthSystemUser(HEALTH_USER),
          file.directory(HEALTH_FOLDER),
          file.content(HEALTH_PROGRAM, {
            content: healthProgram(settings),
            mode: 0o755,
            validate: IS_PYTHON,
          }),
          file.content(HEALTH_UNIT_FILE, { content: healthUnit(host) }),
        ],
        onMembers,
      ),
      step(OPENS, service.running(HEALTH_UNIT, { newerThan: [HEALTH_PROGRAM, HEALTH_UNIT_FILE] }), {
        ...onMembers,
        recovers: true,
      }),
      verify('Every member is Synced', healthy(members, voters), { within: minutes(2) }),
    ];
  },

  health: ({ inventory, settings, platform }) => {
    const { members, arbitrator } = votersOf(inventory, settings);
    return [healthy(members, { platform, ...(arbitrator ? { arbitrator } : {}) })];
  },

  life: ({ inventory, settings, platform }) => {
    const { members, arbitrator } = votersOf(inventory, settings);
    return life(members, { platform, ...(arbitrator ? { arbitrator } : {}) });
  },

  backup: ({ inventory, settings, platform }) =>
    backup(votersOf(inventory, settings).members, { platform, opens: OPENS }),

  drill: ({ inventory, settings }) => {
    const vip = vipOf({ vip: 'database', internal: true }, inventory);
    const { members } = votersOf(inventory, settings);
    return {
      writes: vip ? [drillWrites(members, { address: vip.address, port: settings.frontend_port })] : [],
    };
  },

  frontends: ({ inventory, settings }) => [
    {
      name: 'database',
      vip: 'database',
      internal: true,
      port: settings.frontend_port,
      mode: 'tcp',
      balance: 'leastconn',
      active: settings.writers,
      servers: votersOf(inventory, settings).members.map(({ name, address }) => ({
        host: name,
        address,
        port: settings.port,
      })),
      greeting: {},
      check: { port: HEALTH_PORT, httpPath: '/' },
      // Services pool connections, which may stay idle for up to an hour.
      idleTimeoutMs: minutes(90),
    },
  ],

  validate: galeraProblems,
});
