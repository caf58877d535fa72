import { mayCarryCredentials, type RemoteOptions } from '../git-remote.ts';
import { type ApiAddress, apiAddress, type RepositoryApi } from './api-address.ts';

export interface ApiQuestion extends ApiAddress {
  /** What the API wants with each question: what is accepted, and who asks. Only for the host of `url`. */
  readonly headers: Readonly<Record<string, string>>;
}

/** How a host's API is asked about a repository by its normalised URL; undefined where nobody said which API the host has. */
export async function apiQuestion(
  url: string,
  apis: ReadonlyMap<string, RepositoryApi | 'none'>,
  options: Pick<RemoteOptions, 'credentials' | 'insecure'>,
): Promise<ApiQuestion | undefined> {
  const address = apiAddress(url, apis);
  return address && { ...address, headers: await headersFor(address, options) };
}

/** The password is the API's token: GitHub and GitLab take it as a bearer, Gitea in its place. */
export async function headersFor(
  { api, host, url }: ApiAddress,
  options: Pick<RemoteOptions, 'credentials' | 'insecure'>,
): Promise<Record<string, string>> {
  const accept = api === 'github' ? 'application/vnd.github+json' : 'application/json';
  const found = mayCarryCredentials(url, options) ? await options.credentials?.(host) : undefined;
  if (found === undefined || 'identityToken' in found) return { accept };
  if ('bearer' in found) return { accept, authorization: `Bearer ${found.bearer}` };
  const { username, password } = found;
  const basic = Buffer.from(`${username}:${password}`).toString('base64');
  return { accept, authorization: api === 'gitea' ? `Basic ${basic}` : `Bearer ${password}` };
}
