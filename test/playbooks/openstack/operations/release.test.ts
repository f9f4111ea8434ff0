import { describe, expect, it } from 'vitest';
import { releaseOf } from '../../../../playbooks/openstack/operations/index.ts';

describe('the release in the version of a package', () => {
  it.each([
    ['2:22.0.2-0+deb12u1', '22.0.2'],
    ['1:26.2.2-1~deb12u3', '26.2.2'],
    ['8.0.0-2', '8.0.0'],
    ['2:25.1.0', '25.1.0'],
    ['', ''],
  ])('of %s is %s', (version, release) => {
    expect(releaseOf(version)).toBe(release);
  });
});
