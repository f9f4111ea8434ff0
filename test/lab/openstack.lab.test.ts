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

/** A cloud, and what becomes of it when parts of it die. */
cloudForAll(figures);

describe('from untouched hosts to a cloud', () => deployment(figures));
describe('the stock client', client);
describe('new keys for tokens', keys);
describe('a service that fails', services);
describe('what every service has to live without', losses);
describe('a volume that is down at boot', mounts);
describe('a controller that dies', () => controllers(figures));
describe('the dashboard', () =>
  dashboard({
    inventory: INVENTORY,
    vip: API_VIP,
    caches: CONTROLLERS,
    dashboards: ADDRESSES,
  }));
