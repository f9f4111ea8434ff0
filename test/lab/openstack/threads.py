"""Three threads that log at the same moment, in the process that the given entry point sets up: how many come to an end."""

import os
import sys
import threading

import eventlet
from oslo_config import cfg
from oslo_log import log

# All but its last line, which would start the program.
with open(sys.argv[1]) as entry_point:
    exec(entry_point.read().rpartition('sys.exit(')[0])

import logging

log.register_options(cfg.CONF)
cfg.CONF([])
log.setup(cfg.CONF, 'threads')
# A thread gives way to another wherever it can, also while it holds the lock.
sys.setswitchinterval(1e-6)
ended = []


def make_loggers(thread):
    for number in range(20000):
        logging.getLogger(f'{thread}.{number % 50}')
    ended.append(thread)


threads = [threading.Thread(target=make_loggers, args=(thread,), daemon=True) for thread in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join(10)
print(len(ended))
sys.stdout.flush()
# Not by a lock that somebody may hold for ever.
os._exit(0)
