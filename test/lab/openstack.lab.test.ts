import { describe } from 'vitest';
import { dashboard } from './dashboard/dashboard.ts';
import { ADDRESSES, API_VIP, CONTROLLERS, INVENTORY } from './openstack/cloud.ts';
import { client } from './openstack/client.ts';
import { controllers } from './openstack/controllers.ts';
import { deployment } from './openstack/deployment.ts';
import { noFigures } from './openstack/figures.ts';
import { cloudForAll } from './openstack/life.ts';
import { keys } from './openstack/keys.ts';
import { losses } from './openstack/losses.ts';
import { mounts } from './openstack/mounts.ts';
import { services } from './openstack/services.ts';

const figures = noFigures();

/** A cloud, and its behaviour when parts of it fail. */
cloudForAll(figures);

describe('deploying a cloud on fresh hosts', () => deployment(figures));
describe('the stock client', client);
describe('rotating token keys', keys);
describe('a service that fails', services);
describe('losses that every service must survive', losses);
describe('a volume that is unavailable at boot', mounts);
describe('a controller that dies', () => controllers(figures));
describe('the dashboard', () =>
  dashboard({
    inventory: INVENTORY,
    vip: API_VIP,
    caches: CONTROLLERS,
    dashboards: ADDRESSES,
  }));
