/** Harbor's rule for names of projects: `docker.io`, `registry.k8s.io`, `127.0.0.1-5000`; neither `a--b` nor anything in upper case. */
const PROJECT = /^[a-z0-9]+(?:[._-][a-z0-9]+)*$/;

/** The project of a repository's path at Harbor: its first part. */
export function projectOf(path: string): string {
  return path.split('/', 1)[0] ?? '';
}

/** Why Harbor does not take the path of a repository: half a sentence; undefined where it does. */
export function nameProblem(path: string): string | undefined {
  const project = projectOf(path);
  if (project === path) return `"${path}" is no repository for Harbor: it has no project in front`;
  return PROJECT.test(project)
    ? undefined
    : `"${project}" can be no project of Harbor: lower case and digits, one . _ or - between them`;
}

/** The path of an artifact in Harbor's API. A repository's name with slashes is escaped twice: the server that takes the request undoes one. */
export function artifactPath(path: string, reference: string): string {
  const project = projectOf(path);
  const repository = encodeURIComponent(encodeURIComponent(path.slice(project.length + 1)));
  return `/api/v2.0/projects/${encodeURIComponent(project)}/repositories/${repository}/artifacts/${encodeURIComponent(reference)}`;
}
