/** A session of the dashboard: a few cookies. */
export interface Login {
  /**
   * Requests a page from any server: `origin` is like `http://172.29.80.11`. Redirects are not followed: without a valid
   * session the status is 302.
   */
  get(origin: string, path: string): Promise<{ readonly status: number; readonly body: string }>;
}

const LOGIN = '/horizon/auth/login/';
const REQUEST_MS = 60_000;

/** Logs in with the form's CSRF token. Throws if the dashboard rejects the login. */
export async function logIn(origin: string, user: string, password: string): Promise<Login> {
  const cookies = new Map<string, string>();
  const ask = async (url: string, form?: URLSearchParams): Promise<Response> => {
    const answer = await fetch(url, {
      redirect: 'manual',
      signal: AbortSignal.timeout(REQUEST_MS),
      headers: {
        Cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
        // Required by Django for pages over TLS.
        Referer: url,
      },
      ...(form ? { method: 'POST', body: form } : {}),
    });
    for (const cookie of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      cookies.set(name, value);
    }
    return answer;
  };
  const page = await (await ask(`${origin}${LOGIN}`)).text();
  const token = /name="csrfmiddlewaretoken" value="([^"]+)"/.exec(page)?.[1];
  if (token === undefined) throw new Error(`${origin}${LOGIN} is not the login page: ${page.slice(0, 200)}`);
  const fields = {
    csrfmiddlewaretoken: token,
    username: user,
    password,
    region: 'default',
    next: '/horizon/',
  };
  const answer = await ask(`${origin}${LOGIN}`, new URLSearchParams(fields));
  if (answer.status !== 302) {
    throw new Error(`the dashboard rejected ${user}: status ${answer.status}`);
  }
  return {
    get: async (server, path) => {
      const found = await ask(`${server}${path}`);
      return { status: found.status, body: await found.text() };
    },
  };
}
