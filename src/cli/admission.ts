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

/** Every secret that may appear in a run, including replaced ones: the hosts have those until the run changes them. */
export function secretsToMask({ secrets, loaded }: Deployment): readonly Secret[] {
  const previous = Object.values(loaded?.previous ?? {}).flatMap(({ values }) => values);
  return [...Object.values(secrets), ...previous];
}

/**
 * The check of the hosts' secrets before the first change of a run: whether they have secrets that this folder lacks, or
 * different ones. Once admitted, generated secrets are written next to the inventory, unless the file has changed since it
 * was read: of two concurrent first deployments, one wins, on the hosts and on this machine.
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

/** Ends rotations that have reached every host: from now on, a different secret on a host is refused again. */
function rememberedAfter(done: readonly string[], previous: PreviousByName): PreviousByName {
  return Object.fromEntries(
    done.map((name): [string, Previous] => [name, { ...(previous[name] ?? NOTHING_BEFORE), any: false }]),
  );
}

/** The refusal where the secrets cannot be written. No host was changed yet. Rethrows a defect of osha. */
function notWritten(error: unknown): Refused {
  if (error instanceof OshaError) return { reason: error.message, hint: error.hint };
  const { code, path, message } = error as NodeJS.ErrnoException;
  if (code === undefined || path === undefined) throw error;
  return { reason: `${path}: ${message}`, hint: 'check the owner and the mode of its folder' };
}

/** The names of the secrets to check: with `osha run` those of the run playbooks alone. */
function namesConcerned({ inventory, rules, run }: Deployment): Set<string> {
  return new Set(Object.keys(run ? secretRules(run.playbooks, inventory.settings) : rules));
}

/** The refusal, with the commands that resolve it; `undefined` where all secrets match. */
export function refusalOf(
  { lacking, unasked, foreign }: Pick<ForeignSecrets, 'lacking' | 'unasked' | 'foreign'>,
  inventoryFile: string,
): Refused | undefined {
  const file = quote(inventoryFile);
  if (lacking.length > 0) {
    return {
      reason: `these hosts have secrets that this folder lacks: ${secretsInWords(lacking)}`,
      hint: `restore secrets.yaml, or read them from the hosts: osha secrets adopt ${file}; to replace them on purpose: osha secrets rotate ${file} ${namesOf(lacking)}`,
    };
  }
  if (foreign.length > 0) {
    return {
      reason: `these hosts have different secrets than this folder: ${secretsInWords(foreign)}`,
      hint: `restore the right secrets.yaml, or take the secrets of the hosts: osha secrets adopt ${file} --replace; to replace those of the hosts with the ones of this folder: osha secrets adopt ${file} --keep`,
    };
  }
  if (unasked.length > 0) {
    return {
      reason: `this folder lacks secrets, and no host that may have them is reachable: ${secretsInWords(unasked)}`,
      hint: `restore secrets.yaml, or bring one of these hosts back; if they were never deployed: osha secrets generate ${file}`,
    };
  }
  return undefined;
}

function namesOf(all: readonly SecretOnHosts[]): string {
  return quoteAll(all.map(({ secret }) => secret));
}
