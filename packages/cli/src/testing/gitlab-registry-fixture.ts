import { createHttpClient } from '@gapferry/http';
import { createRegistryWriter } from '@gapferry/oci';
import {
  type GitlabRegistryTargetOptions,
  gitlabRegistryTarget,
  type RegistryHostTarget,
} from '@gapferry/targets';
import { type GitlabRegistry, type GitlabRegistryOptions, startGitlabRegistry } from '@gapferry/testkit';
import { hostApi } from '../inside/host-api.ts';

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
  const clients: Array<ReturnType<typeof createHttpClient>> = [];
  return {
    registry,
    open: ({ secret = GITLAB_USER.password, token, user = GITLAB_USER.username, ...given } = {}) => {
      const http = createHttpClient({
        onlyHosts: [registry.host, gitlab.host],
        credentials: async (host) =>
          host === registry.host ? { username: user, password: secret } : undefined,
        wait: async () => {},
      });
      clients.push(http);
      return gitlabRegistryTarget({
        name: 'gitlab',
        host: registry.host,
        registry: createRegistryWriter(http),
        api: hostApi(http, `${gitlab.url}/api/v4`, `Bearer ${token ?? secret}`),
        isTokenGiven: token !== undefined,
        login: hostApi(http, gitlab.url, `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`),
        path: '{host}/{path}',
        create: true,
        visibility: 'private',
        release: {
          channel: 'line-a',
          version: '1.4.0',
          sequence: 17,
          statement: `sha256:${'1'.repeat(64)}`,
        },
        ...given,
        user,
      });
    },
    close: async () => {
      for (const client of clients) client.close();
      await registry.close();
    },
  };
}
