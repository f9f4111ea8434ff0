import type { Playbook } from 'osha';
import base from './base/playbook.ts';
import cinder from './cinder/playbook.ts';
import compute from './nova-compute/playbook.ts';
import etcd from './etcd/playbook.ts';
import galera from './galera/playbook.ts';
import glance from './glance/playbook.ts';
import glusterfs from './glusterfs/playbook.ts';
import haproxy from './haproxy/playbook.ts';
import horizon from './horizon/playbook.ts';
import keepalived from './keepalived/playbook.ts';
import keystone from './keystone/playbook.ts';
import logging from './logging/playbook.ts';
import memcached from './memcached/playbook.ts';
import network from './neutron-agents/playbook.ts';
import neutron from './neutron/playbook.ts';
import nfs from './nfs/playbook.ts';
import nova from './nova/playbook.ts';
import openstack from './openstack/playbook.ts';
import pacemaker from './pacemaker/playbook.ts';
import placement from './placement/playbook.ts';
import rabbitmq from './rabbitmq/playbook.ts';
import rotateKeys from './keystone/rotate-keys.ts';
import time from './time/playbook.ts';

/**
 * The built-in playbooks, in the order in which they are deployed. HAProxy comes before Pacemaker: a cluster takes
 * over a service that is configured, and would count a missing one as failed.
 */
export const playbooks: readonly Playbook[] = [
  base,
  time,
  logging,
  galera,
  rabbitmq,
  memcached,
  etcd,
  glusterfs,
  nfs,
  haproxy,
  keepalived,
  pacemaker,
  openstack,
  keystone,
  rotateKeys,
  placement,
  glance,
  neutron,
  nova,
  cinder,
  network,
  compute,
  horizon,
];
