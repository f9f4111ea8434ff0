import { type Decided, mysql } from 'osha';
import { isPrimary, isUnaskable, type Member, type Unaskable } from './members.ts';

/** What a member that cannot be asked says, and what to do about it there. */
export interface Complaint {
  readonly evidence: string;
  readonly hint: string;
}

export function complaintOf({ name, complaint }: Unaskable): Complaint {
  const evidence = mysql.accessProblem(name, complaint);
  if (evidence !== undefined) return { evidence, hint: mysql.accessHint(name, complaint) };
  return {
    evidence: `mariadb runs on ${name} and cannot be asked: ${complaint}`,
    hint: `find out on ${name} with "sudo mariadb" and "systemctl status mariadb"; run again when it answers`,
  };
}

/**
 * The refusal while a member runs that cannot be asked: it may serve clients, and may be the live cluster. Nothing is
 * done to any member then, whatever was asked for.
 */
export function refuseUnaskable(members: readonly Member[]): Decided | undefined {
  const unaskable = members.filter(isUnaskable);
  if (unaskable.length === 0) return undefined;
  const complaints = unaskable.map(complaintOf);
  const live = members.filter(isPrimary);
  const others = live.map(({ name, server }) => `${name} counts ${server.size} in its Primary component`);
  return {
    verdict: 'refuse',
    reason: [...complaints.map(({ evidence }) => evidence), ...others].join('; '),
    hint: [...new Set(complaints.map(({ hint }) => hint))].join('; '),
  };
}
