/** Certificates of servers: issued by a CA of the deployment's own, or provided by the operator. */
export { authority, serialOf, type Authority } from './tls/authority.ts';
export {
  certificateFileProblems,
  readCertificateFiles,
  type CertificateFileProblem,
  type CertificateFiles,
} from './tls/certificate-files.ts';
export { issued, type IssuedOptions } from './tls/issued.ts';
export { noOthers, provided, type ProvidedOptions } from './tls/placed.ts';
export { served, type TlsEndpoint } from './tls/served.ts';
