/** Certificates of servers: by a small CA of the deployment's own, or as somebody else made them. */
export { authority, serialOf, type Authority } from './tls/authority.ts';
export { given, givenProblems, type GivenFiles, type GivenProblem } from './tls/given.ts';
export { issued, type IssuedOptions } from './tls/issued.ts';
export { provided, type ProvidedOptions } from './tls/provided.ts';
export { served, type TlsEndpoint } from './tls/served.ts';
export { noOthers } from './tls/unused.ts';
