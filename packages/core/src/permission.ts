import { GapferryError } from './errors.ts';
import { printable } from './printable.ts';

/** What a target must allow whoever imports, and what is known of it before the first byte. */
export type Permission = PermissionNeed & PermissionState;

export interface PermissionNeed {
  /** As whoever grants it names it: `s3:PutObject`, `push`, `create organization`. */
  readonly action: string;
  /** What it is needed for, as that target names it: a bucket and what is below, a repository, an organisation. */
  readonly on: string;
}

/** `proven`: an answer to a question that only reads has shown it. `probed`: it was begun, and cancelled before anything came of it. `unknown`: neither can tell. `lacking`: the target refuses it. */
export type PermissionState =
  | { readonly state: 'proven' | 'probed' }
  /** Half a sentence: why nobody can tell before. */
  | { readonly state: 'unknown'; readonly reason: string }
  /** Half a sentence: what to do. */
  | { readonly state: 'lacking'; readonly remedy: string };

export type TargetPermission = Permission & { readonly target: string };

export type LackingPermission = Extract<TargetPermission, { readonly state: 'lacking' }>;

export function isLacking(permission: TargetPermission): permission is LackingPermission {
  return permission.state === 'lacking';
}

/** Throws `FORBIDDEN` with everything that lacks, at all targets at once, and what to do about it; `data.permissions` has the others as well. */
export function requirePermissions(permissions: readonly TargetPermission[]): void {
  const lacking = permissions.filter(isLacking);
  if (lacking.length === 0) return;
  const remedies = [...new Set(lacking.map(({ remedy }) => remedy))];
  throw new GapferryError({
    code: 'FORBIDDEN',
    message: printable(`the import lacks permissions: ${lackingText(lacking)}`),
    hint: printable(`nothing was loaded; ${remedies.join('; ')}`),
    origin: 'target',
    data: { permissions },
  });
}

/** `s3:PutObject on s3://plant/line-a/1.0.0/* at target store; …` */
export function lackingText(lacking: readonly LackingPermission[]): string {
  return lacking.map(({ action, on, target }) => `${action} on ${on} at target ${target}`).join('; ');
}
