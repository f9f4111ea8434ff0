import type { Vip } from 'osha';
import { HTTPS_PORT } from '../ports.ts';

/** How HAProxy speaks TLS on one virtual IP. */
export interface TlsBinding {
  /** What follows the address of a `bind`. */
  readonly bind: string;
  /** What servers and browsers are told of it. */
  readonly headers: readonly string[];
}

/** TLS on every http frontend of a virtual IP, with the certificate and key in the file at `path`. */
export function tlsBinding(path: string, hstsSeconds: number | undefined): TlsBinding {
  return {
    bind: `ssl crt ${path}`,
    headers: [
      'http-request set-header X-Forwarded-Proto https',
      ...(hstsSeconds === undefined
        ? []
        : [`http-response set-header Strict-Transport-Security max-age=${hstsSeconds}`]),
    ],
  };
}

const CIPHERS = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
];

const CIPHERSUITES = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];

/** What is spoken at all: of Mozilla's "intermediate" recommendation, what needs no Diffie-Hellman parameters. */
export const MODERN_TLS = `    ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets
    ssl-default-bind-ciphers ${CIPHERS.join(':')}
    ssl-default-bind-ciphersuites ${CIPHERSUITES.join(':')}`;

export interface TlsPage {
  readonly name: string;
  readonly lines: readonly string[];
}

interface PageOptions {
  readonly deployment: string;
  readonly vip: Vip;
  readonly binding: TlsBinding;
  /** Ports of the virtual IP that frontends have. */
  readonly ports: readonly number[];
}

/**
 * What port 443 of a virtual IP answers while no frontend has it: a line that proves TLS from end to end. Its name
 * cannot be a frontend's.
 */
export function tlsPage({ deployment, vip, binding, ports }: PageOptions): readonly TlsPage[] {
  if (ports.includes(HTTPS_PORT)) return [];
  const lines = [
    `bind ${vip.address}:${HTTPS_PORT} ${binding.bind}`,
    'mode http',
    'option httplog',
    ...binding.headers.filter((header) => header.startsWith('http-response')),
    `http-request return status 200 content-type text/plain string "${deployment}: virtual IP ${vip.name}\\n"`,
  ];
  return [{ name: `tls_${vip.name}`, lines }];
}
