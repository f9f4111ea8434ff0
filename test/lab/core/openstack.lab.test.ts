import { describe } from 'vitest';
import { deployment } from '../openstack/deployment.ts';
import { noFigures } from '../openstack/figures.ts';
import { cloudForAll } from '../openstack/life.ts';

const figures = noFigures();

/** A quick test of a cloud: from hosts with only packages to a booting server. */
cloudForAll(figures);

describe('deploying a cloud on fresh hosts', () => deployment(figures));
