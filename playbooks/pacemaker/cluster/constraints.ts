import { type Change, quote } from 'osha';
import type { Cib, CibConstraint } from './cib.ts';
import type { DesiredConstraint } from './desired.ts';
import { batch } from './pcs.ts';
import { element } from './xml.ts';

/** The id that osha gives a constraint. */
export function constraintId({ kind, resource, other }: DesiredConstraint): string {
  return `${kind}-${resource}-${other}`;
}

/** Those of the configuration that say the same about the same two, whatever their ids. */
export function sameConstraint(wanted: DesiredConstraint, found: CibConstraint): boolean {
  return (
    found.kind === wanted.kind &&
    found.resource === wanted.resource &&
    found.other === wanted.other &&
    found.strength === wanted.strength
  );
}

/** "start a before b (Optional)", "keep a with b (INFINITY)", "prefer c1 for a (100)". */
export function constraintInWords({ kind, resource, other, strength }: DesiredConstraint): string {
  if (kind === 'order') return `start ${resource} before ${other} (${strength})`;
  if (kind === 'colocation') {
    if (strength.startsWith('-')) return `keep ${resource} away from ${other} (${strength})`;
    return `keep ${resource} with ${other} (${strength})`;
  }
  if (strength === '-INFINITY') return `never run ${resource} on ${other}`;
  return `prefer ${other} for ${resource} (${strength})`;
}

const ELEMENTS = {
  order: ['rsc_order', 'first', 'then', 'kind'],
  colocation: ['rsc_colocation', 'rsc', 'with-rsc', 'score'],
  location: ['rsc_location', 'rsc', 'node', 'score'],
} as const;

/** A command, within a batch, that makes a constraint. */
export function constraintCommand(wanted: DesiredConstraint): string {
  const [name, resource, other, strength] = ELEMENTS[wanted.kind];
  const xml = element(name, {
    id: constraintId(wanted),
    [resource]: wanted.resource,
    [other]: wanted.other,
    [strength]: wanted.strength,
  });
  return `cibadmin --create --scope constraints --xml-text ${quote(xml)}`;
}

/** A command, within a batch, that takes a constraint away. */
export function constraintRemoval(found: CibConstraint): string {
  const xml = element(ELEMENTS[found.kind][0], { id: found.id });
  return `cibadmin --delete --scope constraints --xml-text ${quote(xml)}`;
}

/**
 * A constraint of another strength between the same two would stay in force beside the new one, and an order the
 * other way round would contradict it: the desired one takes its place. What `pcs resource ban` and `move` made is its
 * operator's.
 */
export function replaces(wanted: DesiredConstraint, found: CibConstraint): boolean {
  if (found.kind !== wanted.kind || found.id.startsWith('cli-')) return false;
  if (found.resource === wanted.resource && found.other === wanted.other) return true;
  return found.kind === 'order' && found.resource === wanted.other && found.other === wanted.resource;
}

/** What is left to do for one constraint between things that are there. */
export function constraintChanges(wanted: DesiredConstraint, cib: Cib): readonly Change[] {
  if (cib.constraints.some((found) => sameConstraint(wanted, found))) return [];
  const old = cib.constraints.filter((found) => replaces(wanted, found));
  const instead = old.map((found) => `it is ${found.strength}`).join(', ');
  return [
    batch(`${constraintInWords(wanted)}${instead === '' ? '' : `; ${instead}`}`, {
      // What is where it may not be moves, and stops where it may be nowhere.
      effects: ['stops', 'restarts'],
      commands: [...old.map(constraintRemoval), constraintCommand(wanted)],
      makes: [constraintId(wanted)],
    }),
  ];
}
