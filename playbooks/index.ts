import type { Playbook } from 'osha';
import base from './base.ts';
import galera from './galera.ts';
import haproxy from './haproxy.ts';
import memcached from './memcached.ts';
import pacemaker from './pacemaker.ts';
import rabbitmq from './rabbitmq.ts';
import time from './time.ts';

/**
 * The built-in playbooks, in the order in which they are deployed. HAProxy comes before Pacemaker: a cluster takes
 * over a service that is configured, and would count a missing one as failed.
 */
export const playbooks: readonly Playbook[] = [base, time, galera, rabbitmq, memcached, haproxy, pacemaker];
