import type { Credentials } from '@gapferry/testkit';
import { type DistributionVersion, startDistribution } from './distribution.ts';
import { startGitea } from './gitea.ts';
import { startReferrersRegistry } from './referrers-registry.ts';

/** A registry that is not ours, on plain HTTP; which one matters to nobody who uses it. */
export interface LiveRegistry extends AsyncDisposable {
  readonly port: number;
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** What repositories have to begin with: empty, or a name and a slash. */
  readonly namespace: string;
  /** Who may push; everybody unless given. Everybody may pull. */
  readonly credentials?: Credentials;
}

export interface LiveRegistryKind {
  readonly name: string;
  /** The program, for `lacks`. */
  readonly needs: string;
  /** It answers the referrers API; 404 where it does not. */
  readonly referrersApi: boolean;
  start(): Promise<LiveRegistry>;
}

/** Every implementation that the live tests know. None of the first three has the referrers API, distribution 3.1.2 neither. */
export const LIVE_REGISTRIES: readonly LiveRegistryKind[] = [
  { name: 'distribution 2.8', needs: 'docker-registry', referrersApi: false, start: distribution('2.8') },
  { name: 'distribution 3', needs: 'distribution-3', referrersApi: false, start: distribution('3') },
  {
    name: 'Gitea',
    needs: 'gitea',
    referrersApi: false,
    async start() {
      const gitea = await startGitea();
      return { ...gitea, namespace: `${gitea.organisation}/` };
    },
  },
  {
    name: 'a registry with the referrers API',
    needs: 'referrers-registry',
    referrersApi: true,
    start: async () => ({ ...(await startReferrersRegistry()), namespace: '' }),
  },
];

function distribution(version: DistributionVersion): LiveRegistryKind['start'] {
  return async () => ({ ...(await startDistribution({ version })), namespace: '' });
}
