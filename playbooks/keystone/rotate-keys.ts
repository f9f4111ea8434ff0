import { z } from 'zod';
import { minutes, playbook, step } from 'osha';
import { hostsRunning } from '../openstack/hosts.ts';
import { keyRepository, keyRotation, keysOf, SEED } from './key-repository.ts';

const settings = z.strictObject({
  after_minutes: z
    .int()
    .min(1)
    .default(20)
    .describe(
      'A key younger than this is not replaced yet. Tokens are valid for an hour and survive three rotations: with less than 20 minutes between rotations, some would expire early.',
    ),
});

/** Rotates the keys of tokens. Tokens that were issued before stay valid. */
export default playbook({
  name: 'rotate-keys',
  title: 'New keys for tokens',
  manual: true,
  hosts: hostsRunning('identity'),
  needs: ['keystone'],
  settings,
  secrets: SEED,

  steps: ({ hosts, settings, secrets }) => {
    const keys = keysOf('token', secrets.keystoneKeys);
    return [
      // A host that is one rotation behind would lack the key that becomes primary.
      step('Have the present keys on every host', keyRepository(hosts, keys)),
      step(
        'Promote the next key and stage another',
        keyRotation(hosts, keys, minutes(settings.after_minutes)),
      ),
    ];
  },
});
