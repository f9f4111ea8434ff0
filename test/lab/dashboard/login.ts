/** Somebody's login to the dashboard, as a browser holds it: a few cookies. */
export interface Login {
  /**
   * The page at a path, asked of whichever server: `origin` is like `http://172.29.80.11`. Redirects are not followed: a
   * stranger gets 302, to the login page.
   */
  get(origin: string, path: string): Promise<{ readonly status: number; readonly body: string }>;
}

const LOGIN = '/horizon/auth/login/';
const REQUEST_MS = 60_000;

/** Logs in, with the token against forged requests that the form has. Throws where the dashboard does not let in. */
export async function logIn(origin: string, user: string, password: string): Promise<Login> {
  const cookies = new Map<string, string>();
  const ask = async (url: string, form?: URLSearchParams): Promise<Response> => {
    const answer = await fetch(url, {
      redirect: 'manual',
      signal: AbortSignal.timeout(REQUEST_MS),
      headers: {
        Cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
        // Asked for by Django where the page came by TLS.
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
    throw new Error(`the dashboard did not let ${user} in: it answers ${answer.status}`);
  }
  return {
    get: async (server, path) => {
      const found = await ask(`${server}${path}`);
      return { status: found.status, body: await found.text() };
    },
  };
}
