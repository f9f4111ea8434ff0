import { describe, expect, it } from 'vitest';
import { platformIds, platformOf } from '../../src/platform/index.ts';

describe('platformOf', () => {
  it('knows every platform by the name that an inventory gives it', () => {
    expect(platformIds.map((id) => platformOf(id).id)).toEqual(platformIds);
  });

  it('names the platforms there are where it does not know one', () => {
    expect(() => platformOf('debian-99')).toThrow('there is no platform "debian-99"; there are: debian-12');
  });
});
