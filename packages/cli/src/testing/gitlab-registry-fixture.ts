import { createRegistryWriter } from '@gapferry/oci';
import {
  type GitlabRegistryTargetOptions,
  gitlabRegistryTarget,
  type RegistryHostTarget,
} from '@gapferry/targets';
import { type GitlabRegistry, type GitlabRegistryOptions, startGitlabRegistry } from '@gapferry/testkit';
import { hostApi } from '../inside/host-api.ts';
import { basicOf, LOADED, targetClients } from './target-clients.ts';

export interface GitlabLogin {
  readonly user?: string;
  readonly secret?: string;
  /** An access token for the API; absent: the password is tried. */
  readonly token?: string;
}

export interface GitlabRegistryFixture {
  readonly registry: GitlabRegistry;
  /** A target with a client of its own; signs in as the user that may do everything, unless told otherwise. */
  open(options?: Partial<GitlabRegistryTargetOptions> & GitlabLogin): RegistryHostTarget;
  close(): Promise<void>;
}

export const GITLAB_USER = { username: 'loader', password: 'glpat-loader' } as const;

/** The registry of a GitLab, and targets that load into it as the command line opens them. */
export async function startGitlabRegistryFixture(
  options: Partial<GitlabRegistryOptions> = {},
): Promise<GitlabRegistryFixture> {
  const registry = await startGitlabRegistry({ credentials: GITLAB_USER, ...options });
  const { gitlab } = registry;
  const clients = targetClients();
  return {
    registry,
    open: ({ secret = GITLAB_USER.password, token, user = GITLAB_USER.username, ...given } = {}) => {
      const http = clients.open([registry.host, gitlab.host], { username: user, password: secret });
      return gitlabRegistryTarget({
        name: 'gitlab',
        host: registry.host,
        registry: createRegistryWriter(http),
        api: hostApi(http, `${gitlab.url}/api/v4`, `Bearer ${token ?? secret}`),
        isTokenGiven: token !== undefined,
        login: hostApi(http, gitlab.url, basicOf(user, secret)),
        path: '{host}/{path}',
        create: true,
        visibility: 'private',
        release: LOADED,
        ...given,
        user,
      });
    },
    close: async () => {
      clients.close();
      await registry.close();
    },
  };
}
