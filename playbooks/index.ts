import type { Playbook } from 'osha';
import base from './base.ts';
import cinder from './cinder.ts';
import compute from './compute.ts';
import etcd from './etcd.ts';
import galera from './galera.ts';
import glance from './glance.ts';
import glusterfs from './glusterfs.ts';
import haproxy from './haproxy.ts';
import horizon from './horizon.ts';
import keepalived from './keepalived.ts';
import keystone from './keystone.ts';
import logging from './logging.ts';
import memcached from './memcached.ts';
import network from './network.ts';
import neutron from './neutron.ts';
import nfs from './nfs.ts';
import nova from './nova.ts';
import openstack from './openstack.ts';
import pacemaker from './pacemaker.ts';
import placement from './placement.ts';
import rabbitmq from './rabbitmq.ts';
import rotateKeys from './rotate-keys.ts';
import time from './time.ts';

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
