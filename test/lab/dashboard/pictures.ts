import { openBrowser } from './browser.ts';

/** Screenshots of the dashboard as PNG. */
export type Pictures = Readonly<Record<'login' | 'overview', Buffer>>;

/**
 * Logs in with a browser at an origin like `http://172.29.80.10`, starting from the bare address. Throws if the login page
 * does not load or the login is rejected.
 */
export async function picturesOf(origin: string, user: string, password: string): Promise<Pictures> {
  const browser = await openBrowser(1280, 720);
  try {
    await browser.open(`${origin}/`);
    await browser.see('#id_password');
    const login = await browser.picture();
    await browser.type('#id_username', user);
    await browser.type('#id_password', password);
    await browser.click('#loginBtn');
    await browser.see('#user-dropdown, .user-menu, [href$="/auth/logout/"]');
    await browser.open(`${origin}/horizon/project/`);
    await browser.see('#main_content, #content_body');
    const overview = await browser.picture();
    return { login, overview };
  } finally {
    await browser.close();
  }
}
