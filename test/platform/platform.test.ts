import { describe, expect, it } from 'vitest';
import { platformIds, platformOf } from '../../src/platform/index.ts';

describe('platformOf', () => {
  it('finds every platform by its name in an inventory', () => {
    expect(platformIds.map((id) => platformOf(id).id)).toEqual(platformIds);
  });

  it('lists the known platforms for an unknown one', () => {
    expect(() => platformOf('debian-99')).toThrow('unknown platform "debian-99"; known: debian-12');
  });
});
