import { afterAll, beforeAll, describe } from 'vitest';
import { arbitrator } from './architectures/arbitrator.ts';
import { certificate } from './architectures/certificate.ts';
import { checkers } from './architectures/checkers.ts';
import { cloud } from './architectures/cloud.ts';
import { coordination } from './architectures/coordination.ts';
import { groups } from './architectures/groups.ts';
import { losses } from './architectures/losses.ts';
import { oneChange } from './architectures/one-change.ts';
import { sharedFiles } from './architectures/shared-files.ts';
import { chosenArchitectures, type Aspect } from './architectures/architecture.ts';
import { deployment } from './architectures/deployment.ts';
import { failover } from './architectures/failover.ts';
import { figuresTable, type Figures } from './architectures/figures.ts';
import { hostsForAll } from './support/life.ts';

const ASPECTS: readonly Aspect[] = [
  checkers,
  certificate,
  coordination,
  oneChange,
  groups,
  sharedFiles,
  cloud,
  arbitrator,
  losses,
];

const measured = new Map<string, Figures>();

function printFigures(): void {
  process.stdout.write(`\n${figuresTable(measured)}\n`);
}

/**
 * Every architecture in turn, each on its own clean hosts. OSHA_ARCHITECTURES=NAME,... limits the list.
 * OSHA_KEEP_LAB=1 keeps the hosts up afterwards; OSHA_REUSE_LAB=1 uses running hosts unchanged. Both work for one
 * architecture at a time.
 */
describe.each(chosenArchitectures().map((architecture) => [architecture.name, architecture] as const))(
  '%s',
  (name, architecture) => {
    const figures: Figures = { hosts: architecture.names.length, failoverMs: new Map() };
    const inventory = architecture.file;

    beforeAll(() => {
      measured.set(name, figures);
    });
    hostsForAll({ inventory });
    afterAll(printFigures);

    describe('deployment', () => deployment(architecture, figures));
    for (const aspect of ASPECTS.filter((each) => each.fits(architecture))) {
      describe(aspect.title, () => aspect.tests(architecture));
    }
    describe('failover', () => failover(architecture, figures));
  },
);
