import type { Playbook } from 'osha';
import base from './base.ts';
import etcd from './etcd.ts';
import galera from './galera.ts';
import glusterfs from './glusterfs.ts';
import haproxy from './haproxy.ts';
import keepalived from './keepalived.ts';
import logging from './logging.ts';
import memcached from './memcached.ts';
import nfs from './nfs.ts';
import pacemaker from './pacemaker.ts';
import rabbitmq from './rabbitmq.ts';
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
];
