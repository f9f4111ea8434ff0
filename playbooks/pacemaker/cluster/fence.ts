import { type Change, type Text, text } from 'osha';
import type { Cib } from './cib.ts';
import { constraintCommand, constraintId, constraintInWords } from './constraints.ts';
import type { DesiredConstraint, DesiredFence } from './desired.ts';
import { batch } from './pcs.ts';
import { escapeXml } from './xml.ts';

/** Seconds between two looks at a fence device: controllers of servers do not like to be asked often. */
const MONITOR_SECONDS = 60;

/** The agent of a fence device as `cib.ts` writes it. */
function agentOf(fence: DesiredFence): string {
  return `stonith:${fence.agent}`;
}

function optionsOf(fence: DesiredFence): Readonly<Record<string, string>> {
  return { pcmk_host_list: fence.hosts.join(' '), ...fence.options };
}

/** The device as the cluster's configuration takes it; its options are matched by their ids. */
function xmlOf(fence: DesiredFence): Text {
  const set = `${fence.id}-instance_attributes`;
  const pair = (name: string, value: Text): Text =>
    text`<nvpair id="${set}-${escapeXml(name)}" name="${escapeXml(name)}" value="${value}"/>`;
  const { password } = fence;
  const pairs = [
    ...Object.entries(optionsOf(fence)).map(([name, value]) => pair(name, escapeXml(value))),
    ...(password ? [pair(password.option, password.value.derive(escapeXml))] : []),
  ];
  return text`<primitive id="${fence.id}" class="stonith" type="${escapeXml(fence.agent)}">
<instance_attributes id="${set}">
${pairs}
</instance_attributes>
<operations><op id="${fence.id}-monitor" name="monitor" interval="${MONITOR_SECONDS}s"/></operations>
</primitive>
`;
}

/** What is left to do for one fence device. Its password is compared here and is named in no summary. */
export function fenceChanges(
  fence: DesiredFence,
  cib: Cib,
  attached: readonly DesiredConstraint[],
): readonly Change[] {
  const found = cib.resources.find(({ id }) => id === fence.id);
  const { password } = fence;
  const differences = Object.entries(optionsOf(fence))
    .filter(([name, value]) => found?.options.get(name) !== value)
    .map(([name, value]) => `${name} from ${found?.options.get(name) ?? 'nothing'} to ${value}`);
  if (password && found?.options.get(password.option) !== password.value.reveal()) {
    differences.push('its password');
  }
  if (found && found.agent !== agentOf(fence)) differences.push(`${found.agent} to ${agentOf(fence)}`);
  if (found && differences.length === 0) return [];
  const constraints = attached.map((one) => `; ${constraintInWords(one)}`).join('');
  return [
    batch(
      found
        ? `change the fence device ${fence.id}: ${differences.join(', ')}`
        : `create the fence device ${fence.id} (${fence.agent}) for ${fence.hosts.join(', ')}${constraints}`,
      {
        // The device itself: no client uses it, and it switches off only what the cluster does not see.
        effects: [found ? 'restarts' : 'starts'],
        commands: [
          'cibadmin --modify --allow-create --scope resources --xml-file "$d/in"',
          ...attached.map(constraintCommand),
        ],
        makes: [fence.id, ...attached.map(constraintId)],
        input: xmlOf(fence),
      },
    ),
  ];
}
