import type { Host } from '../inventory/types.ts';
import { quote, quoteAll } from '../operations/shell.ts';
import { carriedSecretsOf } from '../planner/plan.ts';
import { checksumProbe, checksums, placesOn, type FoundSecret } from '../preflight/carried.ts';
import {
  foreignSecrets,
  secretsInWords,
  type ForeignSecrets,
  type SecretOnHosts,
} from '../preflight/foreign-secrets.ts';
import type { Admission, Refused } from '../runner/admission.ts';
import { NOTHING_BEFORE, type Previous, type PreviousByName } from '../secrets/previous.ts';
import type { Secret } from '../secrets/secret.ts';
import { writeSecrets } from '../secrets/write.ts';
import { OshaError } from '../text/error.ts';
import type { Deployment } from './deployment.ts';
import { secretRules } from '../playbook/playbook.ts';

/** Every value that may come up in a run: those that were replaced stand on the hosts until it has changed them. */
export function secretsToMask({ secrets, loaded }: Deployment): readonly Secret[] {
  const previous = Object.values(loaded?.previous ?? {}).flatMap(({ values }) => values);
  return [...Object.values(secrets), ...previous];
}

/**
 * What a run asks the hosts before its first change: whether they carry secrets that this folder lacks, or others than it
 * has. Once admitted, the secrets that were made up are written beside the inventory, unless somebody else wrote there
 * since they were read: so of two first deployments one wins, on the hosts and on this machine.
 */
export function admissionOf(
  deployment: Deployment,
  options: { readonly notice: (text: string) => void },
): Admission<readonly FoundSecret[]> | undefined {
  const { inventory, loaded, secrets } = deployment;
  if (!loaded) return undefined;
  const concerned = namesConcerned(deployment);
  const places = carriedSecretsOf(deployment).filter(({ secret }) => concerned.has(secret));
  const missing = loaded.missing.filter((name) => concerned.has(name));
  const sums = checksums();
  const hostsOf = (wanted: (secret: string) => boolean): readonly Host[] =>
    inventory.hosts.filter((host) => placesOn(host, places).some(({ secret }) => wanted(secret)));
  let done: readonly string[] = [];
  return {
    members: hostsOf(() => true),
    required: hostsOf((secret) => missing.includes(secret)),
    probe: (host) => checksumProbe(placesOn(host, places), sums),
    judge: (answers) => {
      const foreign = foreignSecrets(places, answers, { secrets, missing, previous: loaded.previous }, sums);
      done = foreign.done;
      return refusalOf(foreign, inventory.file);
    },
    settle: async () => {
      const made = Object.fromEntries(Object.entries(secrets).filter(([name]) => missing.includes(name)));
      try {
        const written = await writeSecrets(loaded.file, made, {
          rules: deployment.rules,
          key: loaded.key,
          snapshot: loaded.snapshot,
          ...(done.length > 0 ? { previous: rememberedAfter(done, loaded.previous) } : {}),
        });
        if (written.length > 0) options.notice(`generated in ${loaded.file}: ${written.join(', ')}`);
        return undefined;
      } catch (error) {
        return notWritten(error);
      }
    },
  };
}

/** A rotation that every host has by now is over: from here on another secret on a host is a stranger again. */
function rememberedAfter(done: readonly string[], previous: PreviousByName): PreviousByName {
  return Object.fromEntries(
    done.map((name): [string, Previous] => [name, { ...(previous[name] ?? NOTHING_BEFORE), any: false }]),
  );
}

/** Nothing was done on any host. Throws a defect of osha. */
function notWritten(error: unknown): Refused {
  if (error instanceof OshaError) return { reason: error.message, hint: error.hint };
  const { code, path, message } = error as NodeJS.ErrnoException;
  if (code === undefined || path === undefined) throw error;
  return { reason: `${path}: ${message}`, hint: 'check the owner and the mode of its folder' };
}

/** The user's own playbooks, run by themselves, concern their own secrets alone. */
function namesConcerned({ inventory, rules, run }: Deployment): Set<string> {
  return new Set(Object.keys(run ? secretRules(run.playbooks, inventory.settings) : rules));
}

/** Why, and the ways out, as commands that can be pasted. */
export function refusalOf(
  { lacking, unasked, foreign }: Pick<ForeignSecrets, 'lacking' | 'unasked' | 'foreign'>,
  inventoryFile: string,
): Refused | undefined {
  const file = quote(inventoryFile);
  if (lacking.length > 0) {
    return {
      reason: `these hosts carry secrets that this folder does not have: ${secretsInWords(lacking)}`,
      hint: `put secrets.yaml back, or read them from the hosts: osha secrets adopt ${file}; to replace them on purpose: osha secrets rotate ${file} ${namesOf(lacking)}`,
    };
  }
  if (foreign.length > 0) {
    return {
      reason: `these hosts carry other secrets than this folder: ${secretsInWords(foreign)}`,
      hint: `put the right secrets.yaml back, or take those of the hosts: osha secrets adopt ${file} --replace; to replace them on the hosts by those of this folder: osha secrets adopt ${file} --keep`,
    };
  }
  if (unasked.length > 0) {
    return {
      reason: `this folder lacks secrets, and no host that may have them is reachable: ${secretsInWords(unasked)}`,
      hint: `put secrets.yaml back, or bring one of these hosts back; if they were never deployed: osha secrets generate ${file}`,
    };
  }
  return undefined;
}

function namesOf(all: readonly SecretOnHosts[]): string {
  return quoteAll(all.map(({ secret }) => secret));
}
