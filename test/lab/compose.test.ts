import { expect, it } from 'vitest';
import { composeContent, networkNames } from './compose.ts';
import { interfacesOf } from './networks.ts';

const lab = {
  name: 'demo',
  file: '/somewhere/demo.yaml',
  subnets: ['10.1.0.0/24', '10.2.0.0/24'],
  remarks: [],
  openstack: false,
  hosts: [
    {
      name: 'balancer1',
      address: '10.1.0.31',
      interfaces: interfacesOf({ address: '10.1.0.31', networks: { public: '10.2.0.31' } }),
    },
    {
      name: 'controller1',
      address: '10.1.0.11',
      interfaces: interfacesOf({ address: '10.1.0.11', networks: {} }),
    },
  ],
};

it('gives each host an address in its own networks, its first network first', () => {
  const { services } = composeContent(lab, { image: 'osha-lab:baked' });
  expect(services).toMatchObject({
    balancer1: {
      image: 'osha-lab:baked',
      container_name: 'osha-demo-balancer1',
      networks: {
        'osha-demo': { ipv4_address: '10.1.0.31', priority: 100 },
        'osha-demo.02': { ipv4_address: '10.2.0.31', priority: 99 },
      },
    },
    controller1: { networks: { 'osha-demo': { ipv4_address: '10.1.0.11' } } },
  });
});

it('creates one network per subnet', () => {
  expect(composeContent(lab, {}).networks).toMatchObject({
    'osha-demo': { ipam: { config: [{ subnet: '10.1.0.0/24' }] } },
    'osha-demo.02': { ipam: { config: [{ subnet: '10.2.0.0/24' }] } },
  });
});

it('names networks in order, because Docker orders interfaces by name', () => {
  const subnets = Array.from({ length: 12 }, (_, index) => `10.${index}.0.0/24`);
  const names = networkNames({ name: 'demo', subnets });
  expect([...names].sort()).toEqual(names);
});

it('gives networks of different labs different names', () => {
  expect(networkNames(lab)).not.toContain(networkNames({ name: 'demo-2', subnets: ['10.1.0.0/24'] })[0]);
});
