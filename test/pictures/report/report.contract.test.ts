import { expect, it } from 'vitest';
import { installedBrowser } from '../../lab/dashboard/devtools.ts';
import { showSamplePage } from './picture.ts';
import { SAMPLE_FAILURE } from './sample-run.ts';

// `npm run pictures:report` says what to install.
it.skipIf((await installedBrowser()) === undefined)(
  'a browser shows the failure on the page of a run, requests nothing and has nothing to complain about',
  async () => {
    const { text, troubles, light, dark } = await showSamplePage();
    expect(troubles).toEqual([]);
    const failure = text.indexOf(SAMPLE_FAILURE.message);
    expect(failure).toBeGreaterThan(0);
    expect(failure).toBeLessThan(text.indexOf('Critical path'));
    expect(text).toContain('Error: inconsistent_cluster');
    // It has both colour schemes.
    expect(dark.equals(light)).toBe(false);
  },
);
