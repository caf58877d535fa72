import { printable, type TargetPermission } from '@gapferry/core';

/** What is known of what a target must allow: one line, and one for each kind of what nobody can tell before, however many repositories it is about. */
export function permissionLines(permissions: readonly TargetPermission[]): string[] {
  if (permissions.length === 0) return [];
  const counts = (['proven', 'probed', 'unknown'] as const).flatMap((state) => {
    const own = permissions.filter((permission) => permission.state === state).length;
    return own === 0 ? [] : [`${own} ${state}`];
  });
  return [`  permissions: ${counts.join(', ')}`, ...unknownLines(permissions)].map(printable);
}

function unknownLines(permissions: readonly TargetPermission[]): string[] {
  const unknown = permissions.filter((permission) => permission.state === 'unknown');
  const alike = Map.groupBy(unknown, ({ action, reason }) => `${action}\n${reason}`);
  return [...alike.values()].flatMap(([first, ...others]) => {
    if (first === undefined) return [];
    const more = others.length === 0 ? '' : ` and ${others.length} more`;
    return [`    ${first.action} on ${first.on}${more}: ${first.reason}`];
  });
}
