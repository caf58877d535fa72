import type { Run } from '@gapferry/core';
import { askHost, memberOf } from './ask-host.ts';
import { cannotMake } from './cannot-make.ts';
import type { HostApi } from './git-host.ts';

/** Who signs in. */
export interface GiteaAccount {
  readonly login: string;
  readonly isAdmin: boolean;
}

/** Whose repositories are made where: of an organisation, of ours, of somebody for whom we may, or of nobody yet. `why`: we may make none there. */
export interface GiteaOwner {
  readonly name: string;
  readonly kind: 'organisation' | 'me' | 'somebody' | 'nobody';
  readonly why?: string;
}

export async function ownerOf(api: HostApi, path: string, me: GiteaAccount, run: Run): Promise<GiteaOwner> {
  const [name = ''] = path.split('/');
  if (name.toLowerCase() === me.login.toLowerCase()) return { name, kind: 'me' };
  const organisation = await askHost(api, { method: 'GET', path: `/orgs/${name}`, accept: [404] }, run);
  if (organisation.status === 200) {
    const why = (await mayMakeIn(api, name, me, run))
      ? undefined
      : `${me.login} may not make repositories in the organisation ${name}`;
    return { name, kind: 'organisation', ...(why !== undefined && { why }) };
  }
  const user = await askHost(api, { method: 'GET', path: `/users/${name}`, accept: [404] }, run);
  if (user.status === 404) return { name, kind: 'nobody' };
  return { name, kind: 'somebody', ...(!me.isAdmin && { why: `${name} is another user` }) };
}

/** Throws `TARGET_CONFLICT` where we may make no repository. */
export async function requireOwner(
  api: HostApi,
  path: string,
  me: GiteaAccount,
  run: Run,
): Promise<GiteaOwner> {
  const owner = await ownerOf(api, path, me, run);
  if (owner.why !== undefined) throw cannotMake('repository', { path, why: owner.why, hint: NOT_OURS });
  return owner;
}

export const NOT_OURS =
  'let somebody make it, give the user of the target the right to, or choose another `path` in site.yaml';

async function mayMakeIn(api: HostApi, organisation: string, me: GiteaAccount, run: Run): Promise<boolean> {
  if (me.isAdmin) return true;
  const path = `/users/${me.login}/orgs/${organisation}/permissions`;
  const { value } = await askHost(api, { method: 'GET', path, accept: [403, 404] }, run);
  return memberOf(value, 'can_create_repository') === true;
}
