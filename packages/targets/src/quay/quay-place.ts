import type { BlobReader, Load } from '@gapferry/core';
import type { HostApi, LoadedRelease } from '../git-host/git-host.ts';
import type { HostSurvey } from '../registry-host/place-needs.ts';
import type { QuayMemory } from './quay-memory.ts';

/** What is done to organisations that are missing. */
export interface OrganizationsPolicy {
  readonly create: boolean;
  /** Bytes; absent: none. */
  readonly quota?: number;
}

/** What is done to repositories that are missing. */
export interface RepositoriesPolicy {
  readonly create: boolean;
  readonly public: boolean;
}

/** A Quay target from within. Its places are repositories. */
export interface QuayPlace extends HostSurvey {
  /** `/api/v1` and `/config`, with an access token where there is one. */
  readonly api: HostApi;
  /** Is there a token? Without one the API tells what everybody may know, and makes nothing. */
  readonly hasToken: boolean;
  /** `/v2/auth`, as whoever pushes. */
  readonly login: HostApi;
  /** Quay's host[:port], which its token service wants to be told. */
  readonly service: string;
  /** Who pushes: `org+robot`, a user, `$oauthtoken`. */
  readonly user: string;
  readonly organizations: OrganizationsPolicy;
  readonly repositories: RepositoriesPolicy;
  readonly release: LoadedRelease;
  surveyed: readonly Load[];
  /** The medium of the last survey, where it was given. */
  medium?: BlobReader;
  /** Begun anew by every survey. */
  memory: QuayMemory;
}
