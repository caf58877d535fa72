import { GapferryError, type Run } from '@gapferry/core';
import type { HttpClient } from '@gapferry/http';

/** Where a repository answers (distribution-spec, endpoints below `/v2/<name>/`). */
export interface RegistryAddress {
  /** `https://registry-1.docker.io/v2/library/nginx` */
  readonly base: string;
  /** Scope of a token that may pull. */
  readonly scope: string;
}

/** `repository` is host/path. Docker Hub's API lives under another name than its images. */
export async function registryAddress(
  http: HttpClient,
  repository: string,
  run: Run,
): Promise<RegistryAddress> {
  const slash = repository.indexOf('/');
  const host = repository.slice(0, slash);
  const path = repository.slice(slash + 1);
  if (slash <= 0 || path === '')
    throw new GapferryError({
      code: 'REFERENCE_INVALID',
      message: `"${repository.slice(0, 200)}" is not host/path of a repository`,
    });
  const origin = await http.origin(host === 'docker.io' ? 'registry-1.docker.io' : host, run);
  return { base: `${origin}/v2/${path}`, scope: `repository:${path}:pull` };
}
