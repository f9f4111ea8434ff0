import { type Backup, type BackupFacts, type Host, ProbeError, quote } from 'osha';
import { candidatesOf, observeCandidate, type BackupObservation } from './backup/candidates.ts';
import { chooseMember } from './backup/choose.ts';
import { judgeRestore } from './backup/judge-restore.ts';
import * as scripts from './backup/scripts.ts';
import { configFilesOf, type ClusterOptions } from './cluster/cluster.ts';
import { isSynced, isUnreachable } from './cluster/members.ts';
import { HEALTH_UNIT } from './files/health-endpoint.ts';

/** How the database is backed up and restored. `hosts` are the members with data, `opens` the step that lets clients in. */
export function backup(
  hosts: readonly Host[],
  { opens, ...options }: Pick<ClusterOptions, 'platform' | 'configFiles'> & { readonly opens: string },
): Backup<BackupObservation> {
  const { platform } = options;
  const place = { unit: platform.units.mariadb, dataDirectory: platform.paths.mariadbData };
  const probe = observeCandidate(platform, configFilesOf(options));
  const { RESTORE_DIRECTORY } = scripts;
  return {
    what: 'the database',
    members: hosts,
    probe: () => probe,
    choose: (answers, from) => chooseMember(candidatesOf(hosts, answers), from),
    dump: () => scripts.dumpScript(place),
    parseFacts,
    whyAway: (answers, name) => {
      const found = candidatesOf(hosts, answers).find(({ member }) => member.name === name);
      if (!found || isUnreachable(found.member)) return 'it does not answer';
      if (isSynced(found.member)) return undefined;
      return `it is ${found.member.observed.server?.state ?? 'not running'}`;
    },
    judgeRestore: (answers, request) => judgeRestore(candidatesOf(hosts, answers), request),
    restore: {
      receive: (id, compression) => scripts.receiveScript(place, id, compression),
      pipe: `${RESTORE_DIRECTORY}/body`,
      pipeEnd: `${RESTORE_DIRECTORY}/end`,
      close: `! systemctl cat ${quote(HEALTH_UNIT)} >/dev/null 2>&1 || systemctl stop ${quote(HEALTH_UNIT)}`,
      stop: scripts.stopScript(place),
      empty: (stamp) => scripts.emptyScript(place, stamp),
      place: (id, stamp) => scripts.placeScript(place, id, stamp),
      formOptions: (member) => ({ 'bootstrap-from': member }),
      opens,
      verify: scripts.verifyScript(place),
      open: `! systemctl cat ${quote(HEALTH_UNIT)} >/dev/null 2>&1 || systemctl start ${quote(HEALTH_UNIT)}`,
      forget: scripts.forgetScript(place),
    },
  };
}

/** What the script of a backup prints before the data. */
export function parseFacts(lines: readonly string[]): BackupFacts {
  const values = new Map<string, string>();
  const tables = new Map<string, number>();
  for (const line of lines) {
    const [word = '', first = '', second = ''] = line.split('\t');
    if (word === 'table') tables.set(first, Number(second));
    else values.set(word, first);
  }
  const value = (name: string): string => {
    const found = values.get(name);
    if (found !== undefined && found !== '') return found;
    throw new ProbeError(`the backup does not say its ${name}`);
  };
  const compression = value('compression');
  return {
    version: value('version'),
    position: `${value('wsrep_cluster_state_uuid')}:${value('wsrep_last_committed')}`,
    compression: compression === 'zstd' ? 'zstd' : 'gzip',
    dataBytes: Number(value('size')) * 1024,
    tables,
  };
}
