import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gapferryJson, type Machine } from '../../support/command-line.ts';

export interface S3SitePlace {
  readonly url: string;
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly sessionToken?: string;
}

/** The inside with a state of its own and one target, a bucket there. `members`: what else stands in the target. Imports without a question: `load(depot)`. */
export async function s3Site(
  inside: Machine,
  place: S3SitePlace,
  members: string,
): Promise<Machine & { plan(depot: string): string[]; load(depot: string): string[] }> {
  const port = place.host.replace(/^.*:/, '');
  const site = `format: gapferry.site/1
name: plant-7
trust: trust.yaml
key: keys/plant-7.key
state: state-${port}
targets:
  - {name: store, kind: s3, endpoint: "${place.url}", credentials: {env: STORE}, ${members}}
`;
  const file = `site/site-${port}.yaml`;
  await writeFile(join(inside.directory, file), site);
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
  const shown = await gapferryJson(machine, ['trust', 'show', '--trust', 'site/trust.yaml']);
  const { words } = shown['fingerprint'] as { words: string };
  await gapferryJson(machine, ['trust', 'pin', '--site', file, '--fingerprint', words]);
  return {
    ...machine,
    plan: (depot) => ['plan', depot, '--site', file],
    load: (depot) => ['import', depot, '--site', file, '--yes'],
  };
}
