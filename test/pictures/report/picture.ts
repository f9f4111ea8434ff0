import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runPage } from '../../../src/render/html/page.ts';
import { openBrowser } from '../../lab/dashboard/browser.ts';
import { SAMPLE_FACTS, sampleEvents } from './sample-run.ts';

/** The page of the sample run as a browser shows it. */
export interface ShownPage {
  readonly text: string;
  /** What it requested or complained about. */
  readonly troubles: readonly string[];
  /** Screenshots as PNG. */
  readonly light: Buffer;
  readonly dark: Buffer;
}

/** Opens the page of the sample run in a browser, as a file. Throws a `LabError` where this machine has none. */
export async function showSamplePage(): Promise<ShownPage> {
  const folder = mkdtempSync(join(tmpdir(), 'osha-report-'));
  try {
    const file = join(folder, 'report.html');
    writeFileSync(file, runPage(SAMPLE_FACTS, sampleEvents()));
    const browser = await openBrowser(1280, 1080);
    try {
      await browser.open(pathToFileURL(file).href);
      await browser.prefer('light');
      const light = await browser.picture();
      await browser.prefer('dark');
      const dark = await browser.picture();
      return { text: await browser.text(), troubles: browser.troubles(), light, dark };
    } finally {
      await browser.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
