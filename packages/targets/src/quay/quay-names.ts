/** Of a robot: the organisation (or user) that it belongs to. */
export function ownerOf(user: string): string | undefined {
  const plus = user.indexOf('+');
  return plus < 0 ? undefined : user.slice(0, plus);
}

/** `docker.io` of `docker.io/library/nginx`. */
export function organizationOf(path: string): string {
  return path.split('/', 1)[0] ?? '';
}

const ORGANIZATION = /^(?=.{2,255}$)[a-z0-9]+(?:[._-][a-z0-9]+)*$/;

/** Why Quay does not take the path of a repository, nested or not: half a sentence; undefined where it does (util/validation.py, util/names.py). */
export function nameProblem(path: string): string | undefined {
  const organization = organizationOf(path);
  if (organization === path) return `"${path}" is no repository for Quay: it has no organization in front`;
  if (!ORGANIZATION.test(organization))
    return `"${organization}" can be no organization of Quay: two or more of lower case and digits, one . _ or - between them`;
  return path.length - organization.length - 1 <= 255
    ? undefined
    : `"${path.slice(0, 60)}…" is longer than the 255 characters that Quay takes`;
}
