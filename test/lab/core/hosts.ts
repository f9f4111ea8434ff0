import { hostsOf } from '../support/hosts.ts';

export const INVENTORY = 'inventory/lab.yaml';
export const HOSTS = ['controller1', 'controller2', 'controller3'] as const;
export const ADDRESSES: Readonly<Record<string, string>> = {
  controller1: '172.29.77.11',
  controller2: '172.29.77.12',
  controller3: '172.29.77.13',
};
export const API_VIP = '172.29.77.20';
export const DATABASE_VIP = '172.29.77.21';

export const { on, sql, holdersOf, kill, start, snapshot } = hostsOf(INVENTORY);
