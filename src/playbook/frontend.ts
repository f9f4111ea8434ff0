/** A service that HAProxy stands in front of. Each playbook declares its own. */
export interface Frontend {
  /** Also the name of the section in `haproxy.cfg`. */
  readonly name: string;
  /** The VIP's name in the inventory. Where that is not there: the users' VIP, or the services' one for what is `internal`. */
  readonly vip: string;
  /** Only services use it: it does not fall to a VIP that users come to. */
  readonly internal?: true | undefined;
  readonly port: number;
  readonly mode: 'tcp' | 'http';
  readonly balance: 'source' | 'leastconn' | 'roundrobin';
  /** `all` shares the connections out; `single` sends them to the first live server, the others are backups. */
  readonly active: 'all' | 'single';
  readonly servers: readonly FrontendServer[];
  /** How a server is found healthy; default: the port accepts a connection. */
  readonly check?: { readonly port?: number; readonly httpPath?: string };
  /** Milliseconds a client and a server may be silent; default HAProxy's own section of defaults. */
  readonly idleTimeoutMs?: number;
  /** The unit that answers on its servers, where a cluster manager may run it on one of them at a time. */
  readonly unit?: string;
  /** Its servers come to life in a phase after that of HAProxy, which does not wait for them. */
  readonly later?: true;
  /** It has no servers, answers plain HTTP on any VIP, and sends every client to port 443 of the same name. */
  readonly redirectToHttps?: true;
}

export interface FrontendServer {
  readonly host: string;
  readonly address: string;
  readonly port: number;
}
