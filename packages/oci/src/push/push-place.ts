import type { Run } from '@gapferry/core';
import type { HttpClient } from '@gapferry/http';
import { registryAddress } from '../registry-address.ts';

/** One repository of the registry that is written to. */
export interface PushPlace {
  readonly http: HttpClient;
  /** host/path, for messages and for the journal. */
  readonly repository: string;
  /** As in the URLs. */
  readonly host: string;
  /** `docker.io/library/nginx`: the repository's name at the registry. */
  readonly path: string;
  /** `https://registry.example/v2/docker.io/library/nginx` */
  readonly base: string;
}

/** Throws `REFERENCE_INVALID` for what is not host/path. */
export async function pushPlace(http: HttpClient, repository: string, run: Run): Promise<PushPlace> {
  const { base } = await registryAddress(http, repository, run);
  const path = repository.slice(repository.indexOf('/') + 1);
  return { http, repository, host: new URL(base).host, path, base };
}

/** Scopes of tokens (Docker registry token specification). */
export function pullScope({ path }: Pick<PushPlace, 'path'>): string {
  return `repository:${path}:pull`;
}

/** `from`: the path of a repository that a blob is mounted from; the token must allow both. */
export function pushScope({ path }: Pick<PushPlace, 'path'>, from?: string): string {
  const own = `repository:${path}:pull,push`;
  return from === undefined ? own : `${own} ${pullScope({ path: from })}`;
}
