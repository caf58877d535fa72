/**
 * The one HTTP client below the protocol packages: one request with retries for failed trips, a body that
 * resumes by Range after a cut connection, authentication, proxies and certificate authorities.
 *
 * It does not know registries, charts, repositories or objects, keeps no cache and reads no environment:
 * credentials and certificate authorities come in as parameters.
 *
 * Imported by oci, helm, git, objects and the cli.
 */
export { createHttpClient } from './create-http-client.ts';
export type * from './http-client.ts';
export { createTries, type Tries, type TryOptions } from './tries.ts';
export { createWaiting, type Waiting } from './waiting.ts';
