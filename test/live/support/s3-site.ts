import type { Machine } from '../../support/command-line.ts';
import { type OneTarget, withOneTarget } from '../../support/one-target.ts';

export interface S3SitePlace {
  readonly url: string;
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly sessionToken?: string;
}

/** The inside with a state of its own and one target, a bucket there. `members`: what else stands in the target. Imports without a question: `load(depot)`. */
export async function s3Site(inside: Machine, place: S3SitePlace, members: string): Promise<OneTarget> {
  const machine: Machine = {
    ...inside,
    environment: {
      ...inside.environment,
      NETWORK_ALLOWED: place.host,
      STORE_USERNAME: place.accessKey,
      STORE_PASSWORD: place.secretKey,
      ...(place.sessionToken !== undefined && { STORE_SESSION_TOKEN: place.sessionToken }),
    },
  };
  const target = `name: store, kind: s3, endpoint: "${place.url}", credentials: {env: STORE}, ${members}`;
  return await withOneTarget(machine, place.host.replace(/^.*:/, ''), target);
}
