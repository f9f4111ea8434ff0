import { heldBy, type Probe, ProbeError, type ResourceKey, within } from 'osha';
import { parseCib, type Cib } from './cib.ts';
import { parseMonitor, type Monitor } from './monitor.ts';

export interface ResourceState {
  readonly cib: Cib;
  readonly monitor: Monitor;
}

/** Of the cluster, which members run. */
export const RUNNING: ResourceKey = 'cluster:pacemaker/running';

const SEPARATOR = '-- status';

/** Shell commands that print what the cluster is told to run, and what it runs. */
export const RESOURCE_SCRIPT = `timeout ${within('cibadmin')} cibadmin --query 2>/dev/null
echo '${SEPARATOR}'
timeout ${within('crmMon')} crm_mon --one-shot --output-as=xml 2>/dev/null`;

/** What the cluster is told to run, and what it runs, as one member says. */
export const resourceProbe: Probe<ResourceState> = {
  script: `${RESOURCE_SCRIPT}\nexit 0`,
  reads: ['cluster:pacemaker/members', RUNNING, 'cluster:resources', 'unit:pacemaker'],
  parse: ({ stdout }) => parseResourceState(stdout),
  // What the cluster is told to run stays as it is while a member that was stopped is started.
  foresee: heldBy('pacemaker', () => true, RUNNING),
};

/** Understands what the commands printed. Throws a `ProbeError` where one of them did not answer. */
export function parseResourceState(stdout: string): ResourceState {
  const [cib = '', monitor = ''] = stdout.split(`${SEPARATOR}\n`);
  if (!cib.includes('<cib')) {
    throw new ProbeError('Pacemaker does not run here, or does not answer (systemctl status pacemaker)');
  }
  try {
    return { cib: parseCib(cib), monitor: parseMonitor(monitor) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ProbeError(`Pacemaker runs here, and does not say what runs where: ${why}`);
  }
}
