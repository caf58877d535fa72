import type { HarborSession } from './live-harbor.ts';

/** What the credentials that the environment names are good for. */
export interface HarborAccount {
  /** Why nothing can be tried with them. */
  readonly lacks?: string;
  /** In projects that they make: `scan:create`. */
  may(...rights: readonly string[]): boolean;
}

/** Makes a project, and asks what may be done in it. Tells of which Harbor and with whom the tests are. */
export async function tryHarborAccount(session: HarborSession): Promise<HarborAccount> {
  const { url, credentials } = session.harbor;
  const { json: system } = await session.ask('GET', '/systeminfo');
  const { harbor_version: version, read_only: readOnly } = (system ?? {}) as SystemInfo;
  process.stderr.write(`Harbor ${version ?? '(no version)'} at ${url} as ${credentials.username}\n`);
  const nobody = { may: () => false };
  if (readOnly === undefined) throw new Error('the Harbor does not take the credentials');
  if (readOnly) return { ...nobody, lacks: 'the Harbor is in read-only mode' };
  const project = session.project();
  const made = await session.ask('POST', '/projects', { project_name: project });
  if (made.status === 403) return { ...nobody, lacks: 'these credentials may not make projects' };
  if (made.status !== 201)
    throw new Error(`making a project is answered ${made.status} ${JSON.stringify(made.json)}`);
  const rights = await rightsIn(session, project);
  if (!rights.has('repository:push'))
    return { ...nobody, lacks: 'these credentials may not push to projects that they make' };
  return { may: (...wanted) => wanted.every((right) => rights.has(right)) };
}

interface SystemInfo {
  readonly harbor_version?: string;
  /** Told to who is known only. */
  readonly read_only?: boolean;
}

async function rightsIn(session: HarborSession, project: string): Promise<ReadonlySet<string>> {
  const found = await session.ask('GET', `/projects?q=${encodeURIComponent(`name=${project}`)}`);
  const [{ project_id: id } = {}] = (found.json ?? []) as Array<{ project_id?: number }>;
  const told = await session.ask('GET', `/users/current/permissions?scope=/project/${id}&relative=true`);
  const rights = (told.json ?? []) as Array<{ resource: string; action: string }>;
  return new Set(rights.map(({ resource, action }) => `${resource}:${action}`));
}
