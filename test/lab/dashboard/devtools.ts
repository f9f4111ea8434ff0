import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { exists, LabError } from '../run.ts';

/** A headless browser, controlled by the Chrome DevTools Protocol. */
export interface DevTools {
  /** Sends a command to the page and returns its result. Rejects if the browser refuses it. */
  readonly send: (method: string, params?: object) => Promise<Record<string, unknown>>;
  readonly close: () => Promise<void>;
}

/** An event of the browser, such as a request or an error. */
export interface BrowserEvent {
  readonly method: string;
  readonly params?: Record<string, unknown>;
}

interface Message extends Partial<BrowserEvent> {
  readonly id?: number;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

const PROGRAMS = ['chromium', 'chromium-browser', 'google-chrome'];

/** Disables all background requests: it connects only to the lab. */
const FLAGS = [
  '--headless=new',
  '--no-sandbox',
  '--no-first-run',
  '--no-proxy-server',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--hide-scrollbars',
  // Messages on the pipes 3 and 4, each terminated by a zero byte.
  '--remote-debugging-pipe',
];

/** The browser of this machine, if it has one. */
export async function installedBrowser(): Promise<string | undefined> {
  for (const program of PROGRAMS) if (await exists(program)) return program;
  return undefined;
}

async function chromium(): Promise<string> {
  const program = await installedBrowser();
  if (program !== undefined) return program;
  throw new LabError('this machine has no browser', 'apt-get install --no-install-recommends chromium');
}

/** Starts a browser with a temporary profile. It reports the events of the domains that are enabled. */
export async function startBrowser(
  onEvent: (event: BrowserEvent) => void = () => undefined,
): Promise<DevTools> {
  const profile = mkdtempSync(join(tmpdir(), 'osha-browser-'));
  const child = spawn(await chromium(), [...FLAGS, `--user-data-dir=${profile}`, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    // Its own process group, so that all of its processes can be killed.
    detached: true,
  });
  const gone = new Promise<void>((done) => child.on('close', () => done()));
  const toBrowser = child.stdio[3] as Writable;
  const fromBrowser = child.stdio[4] as Readable;
  const waiting = new Map<number, (message: Message) => void>();
  void gone.then(() => {
    for (const tell of waiting.values()) tell({ error: { message: 'the browser ended' } });
  });
  toBrowser.on('error', () => undefined);
  let rest = '';
  fromBrowser.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\0');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      const message = JSON.parse(part) as Message;
      const { method, params } = message;
      if (method !== undefined) onEvent({ method, ...(params ? { params } : {}) });
      if (message.id === undefined) continue;
      waiting.get(message.id)?.(message);
      waiting.delete(message.id);
    }
  });
  let last = 0;
  const ask = async (
    method: string,
    params: object,
    sessionId?: string,
  ): Promise<Record<string, unknown>> => {
    const id = ++last;
    const answer = new Promise<Message>((tell) => waiting.set(id, tell));
    toBrowser.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    const { result, error } = await answer;
    if (error) throw new Error(`${method}: ${error.message}`);
    return result ?? {};
  };
  const close = async (): Promise<void> => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL');
    await gone;
    rmSync(profile, { recursive: true, force: true, maxRetries: 3 });
  };
  try {
    const { targetInfos } = (await ask('Target.getTargets', {})) as {
      targetInfos: readonly { targetId: string; type: string }[];
    };
    const targetId = targetInfos.find(({ type }) => type === 'page')?.targetId;
    const { sessionId } = await ask('Target.attachToTarget', { targetId, flatten: true });
    return { send: (method, params = {}) => ask(method, params, String(sessionId)), close };
  } catch (error) {
    await close();
    throw error;
  }
}
