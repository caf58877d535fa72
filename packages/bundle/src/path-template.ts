/** What is wrong with a template of repository names, in words for its line; undefined for a good one. `isName`: takes the host a name that comes out of it, `rule`: what its names are made of. */
export function templateProblem(
  template: string,
  isName: (name: string) => boolean,
  rule: string,
): string | undefined {
  const unknown = [...template.matchAll(/\{([^{}]*)\}/g)].find(
    ([, variable = '']) => !['host', 'path', 'name'].includes(variable),
  );
  if (unknown !== undefined) return `has ${unknown[0]}: known are {host}, {path} and {name}`;
  if (!/\{(?:path|name)\}/.test(template)) return 'must have {path} or {name}: all repositories would be one';
  const sample = template
    .replaceAll('{host}', 'host.example')
    .replaceAll('{path}', 'some/path')
    .replaceAll('{name}', 'path');
  return isName(sample)
    ? undefined
    : `does not make names of repositories: ${rule}, and . _ - between them, parts separated by /`;
}
