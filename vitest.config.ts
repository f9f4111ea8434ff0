import { defineConfig } from 'vitest/config';

const resolve = { conditions: ['osha-source'] };
const ssr = { resolve: { conditions: ['osha-source', 'node'] } };

/**
 * Four kinds of tests: pure logic, which starts no process; scripts on this machine's own shell; what needs a real sshd or
 * a server; real hosts.
 */
export default defineConfig({
  test: {
    projects: [
      {
        resolve,
        ssr,
        test: {
          name: 'unit',
          // No test leaves anything behind for the next: one load of all modules serves all files of a worker.
          isolate: false,
          // Far more than any of them takes: a busy machine is no failure.
          testTimeout: 60_000,
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.shell.test.ts', 'test/**/*.contract.test.ts', 'test/**/*.lab.test.ts'],
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: 'shell',
          isolate: false,
          testTimeout: 60_000,
          include: ['test/**/*.shell.test.ts'],
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: 'contract',
          include: ['test/**/*.contract.test.ts'],
          // They share this machine's lock of osha, and log in by the dozen.
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        resolve,
        ssr,
        test: {
          name: 'lab',
          include: ['test/lab/**/*.lab.test.ts'],
          testTimeout: 45 * 60_000,
          hookTimeout: 30 * 60_000,
          fileParallelism: false,
          bail: 1,
        },
      },
    ],
  },
});
