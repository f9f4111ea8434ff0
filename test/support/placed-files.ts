import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Plan } from '../../src/planner/plan.ts';
import { asSecretText } from '../../src/secrets/text.ts';

/** Writes every file that a plan places on a host below that host's folder, secrets and all. */
export function placeFiles(plan: Plan, folderOf: (host: string) => string): void {
  for (const { step, hosts } of plan.phases.flatMap((phase) => phase.steps)) {
    if (step.kind !== 'host') continue;
    for (const host of hosts) {
      for (const { places } of step.operations(host)) {
        if (!places) continue;
        const path = join(folderOf(host.name), places.path);
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, asSecretText(places.content).reveal());
      }
    }
  }
}

/** A script that reads a host's files, made to read them below a folder. */
export function below(folder: string, script: string): string {
  return script.replaceAll(/(?<![\w$}.])\/(etc|var\/lib|root)\//g, `${folder}/$1/`);
}
