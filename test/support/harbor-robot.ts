import type { NewRobot } from '@gapferry/testkit';

/** A robot of the system that may make projects and push in all of them; `more` of projects, as `resource:action`. */
export function harborRobot(name: string, secret: string, more: readonly string[] = []): NewRobot {
  const access = ['repository:push', 'project:read', ...more].map((right) => {
    const [resource = '', action = ''] = right.split(':');
    return { resource, action };
  });
  return {
    name,
    secret,
    permissions: [
      { kind: 'system', namespace: '/', access: [{ resource: 'project', action: 'create' }] },
      { kind: 'project', namespace: '*', access },
    ],
  };
}
