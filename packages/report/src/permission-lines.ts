import { printable, type TargetPermission } from '@gapferry/core';

/** What is known of what a target must allow: one line, and one for each that nobody can tell before. */
export function permissionLines(permissions: readonly TargetPermission[]): string[] {
  if (permissions.length === 0) return [];
  const counts = (['proven', 'probed', 'unknown'] as const).flatMap((state) => {
    const own = permissions.filter((permission) => permission.state === state).length;
    return own === 0 ? [] : [`${own} ${state}`];
  });
  const unknown = permissions.flatMap((permission) =>
    permission.state === 'unknown'
      ? [`    ${permission.action} on ${permission.on}: ${permission.reason}`]
      : [],
  );
  return [`  permissions: ${counts.join(', ')}`, ...unknown].map(printable);
}
