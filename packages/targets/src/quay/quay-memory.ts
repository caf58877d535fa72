import type { Run } from '@gapferry/core';
import type { HostApi } from '../git-host/git-host.ts';
import { askOnce } from '../registry-host/ask-once.ts';
import { organizationOf } from './quay-names.ts';
import {
  askProxyCache,
  askPrunes,
  askSystem,
  lookAtOrganization,
  lookAtRepository,
  type OrganizationLook,
  type QuaySystem,
  type RepositoryLook,
} from './quay-questions.ts';

/** What one survey has found out about organisations and repositories: each is asked about once. */
export interface QuayMemory {
  system(run: Run): Promise<QuaySystem>;
  organization(name: string, run: Run): Promise<OrganizationLook>;
  repository(path: string, run: Run): Promise<RepositoryLook>;
  proxyCache(organization: string, run: Run): Promise<string | undefined>;
  prunes(organization: string, run: Run): Promise<boolean>;
  /** It is not what it was. */
  forget(path: string): void;
  /** Repositories whose registry refused to be read. */
  readonly closed: Set<string>;
  /** Organisations that were found missing. */
  readonly missing: Set<string>;
  /** What `system` has told of names with slashes. */
  readonly names: { nested?: boolean };
}

export function quayMemory(api: HostApi): QuayMemory {
  const { question, forget } = askOnce();
  const missing = new Set<string>();
  const names: QuayMemory['names'] = {};
  return {
    closed: new Set(),
    missing,
    names,
    system: (run) =>
      question('system', async () => {
        const system = await askSystem(api, run);
        if (system.nestedNames !== undefined) names.nested = system.nestedNames;
        return system;
      }),
    organization: (name, run) =>
      question(`organization ${name}`, async () => {
        const look = await lookAtOrganization(api, name, run);
        if (look.state === 'missing') missing.add(name);
        return look;
      }),
    repository: (path, run) => question(`repository ${path}`, () => lookAtRepository(api, path, run)),
    proxyCache: (name, run) => question(`proxy ${name}`, () => askProxyCache(api, name, run)),
    prunes: (name, run) => question(`prunes ${name}`, () => askPrunes(api, name, run)),
    forget: (path) => {
      const organization = organizationOf(path);
      missing.delete(organization);
      forget(`organization ${organization}`);
      forget(`repository ${path}`);
    },
  };
}
