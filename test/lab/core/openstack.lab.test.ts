import { describe } from 'vitest';
import { deployment } from '../openstack/deployment.ts';
import { noFigures } from '../openstack/figures.ts';
import { cloudForAll } from '../openstack/life.ts';

const figures = noFigures();

/** A short life of a cloud: from hosts with nothing but packages to a server that boots. */
cloudForAll(figures);

describe('from untouched hosts to a cloud', () => deployment(figures));
