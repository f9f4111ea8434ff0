/** The port of the page that shows the state of every server. */
export const STATS_PORT = 1080;

/** The path on it that answers 200 without a password as long as HAProxy itself is well. */
export const ALIVE_PATH = '/alive';

/** The port of TLS, which answers on every virtual IP that speaks it. */
export const HTTPS_PORT = 443;
