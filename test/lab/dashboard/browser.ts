import { until } from '../support/until.ts';
import { startBrowser, type BrowserEvent } from './devtools.ts';

/** A user's actions in a browser. */
export interface Browser {
  /** Opens a page, and waits until it is loaded. */
  open(url: string): Promise<void>;
  /** The current URL. */
  url(): Promise<string>;
  /** Whether the page has such an element. */
  has(selector: string): Promise<boolean>;
  type(selector: string, text: string): Promise<void>;
  click(selector: string): Promise<void>;
  /** Waits until the page has such an element and is loaded. */
  see(selector: string): Promise<void>;
  /** The text that the page shows. */
  text(): Promise<string>;
  /** Shows the page as on a screen that asks for light or dark colours. */
  prefer(scheme: 'light' | 'dark'): Promise<void>;
  /** What the pages so far requested from anywhere but themselves, and complained about. */
  troubles(): readonly string[];
  /** A screenshot as PNG. */
  picture(): Promise<Buffer>;
  close(): Promise<void>;
}

/** Horizon's first page takes seconds after a start. */
const PAGE_MS = 60_000;

/** Opens a window of this size, in pixels. */
export async function openBrowser(width: number, height: number): Promise<Browser> {
  const troubles: string[] = [];
  const opened = new Set<string>();
  const { send, close } = await startBrowser((event) => {
    const trouble = troubleIn(event, opened);
    if (trouble !== undefined) troubles.push(trouble);
  });
  for (const domain of ['Network', 'Log', 'Runtime']) await send(`${domain}.enable`);
  await send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false });

  const evaluate = async (expression: string): Promise<unknown> => {
    const { result, exceptionDetails } = (await send('Runtime.evaluate', {
      expression,
      returnByValue: true,
    })) as { result?: { value?: unknown }; exceptionDetails?: { exception?: { description?: string } } };
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? 'the page threw');
    return result?.value;
  };
  const element = (selector: string): string => `document.querySelector(${JSON.stringify(selector)})`;
  const has = async (selector: string): Promise<boolean> =>
    (await evaluate(`${element(selector)} !== null`)) === true;
  const complete = async (): Promise<boolean> => (await evaluate('document.readyState')) === 'complete';

  return {
    open: async (url) => {
      opened.add(url);
      const { errorText } = await send('Page.navigate', { url });
      if (errorText !== undefined) throw new Error(`${url}: ${JSON.stringify(errorText)}`);
      await until(`${url} is loaded`, PAGE_MS, complete, 100);
    },
    url: async () => String(await evaluate('location.href')),
    has,
    type: async (selector, text) => {
      await evaluate(`${element(selector)}.focus()`);
      await send('Input.insertText', { text });
    },
    click: async (selector) => {
      await evaluate(`${element(selector)}.click()`);
    },
    see: async (selector) => {
      await until(
        `the page shows ${selector}`,
        PAGE_MS,
        async () => (await has(selector)) && (await complete()),
        100,
      );
    },
    text: async () => String(await evaluate('document.body.innerText')),
    prefer: async (scheme) => {
      await send('Emulation.setEmulatedMedia', {
        features: [{ name: 'prefers-color-scheme', value: scheme }],
      });
    },
    troubles: () => troubles,
    picture: async () => {
      const { data } = await send('Page.captureScreenshot', { format: 'png' });
      return Buffer.from(String(data), 'base64');
    },
    close,
  };
}

/** The trouble that an event of the browser stands for: a request other than for an opened page, or a complaint. */
function troubleIn({ method, params = {} }: BrowserEvent, opened: ReadonlySet<string>): string | undefined {
  switch (method) {
    case 'Network.requestWillBeSent': {
      const { url = '' } = params['request'] as { readonly url?: string };
      return opened.has(url) ? undefined : `requests ${url}`;
    }
    case 'Log.entryAdded':
    case 'Runtime.consoleAPICalled':
    case 'Runtime.exceptionThrown':
      return `complains: ${JSON.stringify(params)}`;
    default:
      return undefined;
  }
}
