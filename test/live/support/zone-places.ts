import type { Credentials } from '@gapferry/testkit';
import { boto3 } from './boto3.ts';
import { type Distribution, startDistribution } from './distribution.ts';
import { type AskedOf, startGateway, type Verdict } from './gateway.ts';
import { type Gitea, startGitea } from './gitea.ts';
import { type LiveHarbor, liveHarbor, openHarborSession } from './live-harbor.ts';
import { askPlace, type LivePlace, livePlace, membersOf, removeAt, uniqueName } from './live-place.ts';
import { startMinio } from './minio.ts';
import { hostsOfTokens } from './token-hosts.ts';

/** One server of a zone: started here, or one that somebody runs and that the environment names. There everything has a name of its own, and is removed in the end. */
export interface ZonePlace extends AsyncDisposable {
  /** `http://host[:port]` or https, for clients. */
  readonly url: string;
  readonly host: string;
  readonly credentials?: Credentials;
  /** Path of a PEM file. */
  readonly ca?: string;
  /** What every name begins with there: repositories of the registry, the organisation, the bucket. */
  readonly name: string;
  /** Members of the target in site.yaml. */
  readonly target: string;
  /** Hosts that the target speaks to. */
  readonly hosts: readonly string[];
  /** Nobody else has it. */
  readonly isOurs: boolean;
}

/** Programs that stand where the environment names no server. */
export function zoneServers(env: NodeJS.ProcessEnv = process.env): string[] {
  const isNamed = (...kinds: readonly string[]): boolean =>
    kinds.some((kind) => (env[`GAPFERRY_LIVE_${kind}_URL`] ?? '') !== '');
  return [
    ...(isNamed('HARBOR', 'REGISTRY') ? [] : ['distribution-3']),
    ...(isNamed('GITEA') ? [] : ['gitea']),
    ...(isNamed('S3') ? [] : ['minio']),
  ];
}

/** Waits for whoever watches before a tag is set, where the registry is ours. */
export type BeforeTag = () => Promise<unknown>;

const TAG = /\/manifests\/(?!sha256:)/;
const MANIFESTS = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

/** Harbor where the environment names one, another registry where it names that, otherwise distribution 3. `repositories`: below the name, to be removed in the end. */
export async function openZoneRegistry(
  repositories: readonly string[],
  beforeTag: BeforeTag,
): Promise<ZonePlace> {
  const harbor = liveHarbor();
  if (harbor !== undefined) return await openZoneHarbor(harbor);
  const place = livePlace('REGISTRY');
  if (place !== undefined) return await openNamedRegistry(place, repositories);
  const cleanup = new AsyncDisposableStack();
  const registry: Distribution = cleanup.use(await startDistribution({ version: '3' }));
  const judge = async ({ method, path }: AskedOf): Promise<Verdict> => {
    if (method === 'PUT' && TAG.test(path)) await beforeTag();
    return 'pass';
  };
  const { host } = cleanup.use(await startGateway(registry.port, judge));
  return {
    url: `http://${registry.host}`,
    host: registry.host,
    name: '',
    target: `kind: registry, url: "http://${host}", path: "{host}/{path}"`,
    hosts: [host],
    isOurs: true,
    [Symbol.asyncDispose]: () => cleanup.disposeAsync(),
  };
}

async function openZoneHarbor(harbor: LiveHarbor): Promise<ZonePlace> {
  const session = openHarborSession(harbor);
  const name = `${session.project()}/`;
  const { host } = harbor;
  const also = await session.also();
  return {
    ...harbor,
    name,
    target: `kind: harbor, ${membersOf(harbor)}${alsoMember(also)}, path: "${name}{host}/{path}", credentials: {env: PLANT}`,
    hosts: [host, ...also],
    isOurs: false,
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  };
}

async function openNamedRegistry(place: LivePlace, repositories: readonly string[]): Promise<ZonePlace> {
  const name = `${uniqueName()}/`;
  const also = await hostsOfTokens(place);
  const login = place.credentials === undefined ? '' : ', credentials: {env: PLANT}';
  return {
    ...place,
    name,
    target: `kind: registry, ${membersOf(place)}${alsoMember(also)}, path: "${name}{host}/{path}"${login}`,
    hosts: [place.host, ...also],
    isOurs: false,
    [Symbol.asyncDispose]: async () => {
      for (const repository of repositories)
        await removeTags(place, `${name}${repository}`).catch((error) => tellLeft(repository, error));
    },
  };
}

function alsoMember(hosts: readonly string[]): string {
  return hosts.length === 0 ? '' : `, also: [${hosts.map((host) => `"${host}"`).join(', ')}]`;
}

/** Whatever has a tag; the rest goes with the registry's own garbage collection. */
async function removeTags(place: LivePlace, repository: string): Promise<void> {
  const listed = await askPlace(place, 'GET', `/v2/${repository}/tags/list`);
  const { tags } = (listed.json ?? {}) as { tags?: string[] | null };
  for (const tag of tags ?? []) {
    const at = `/v2/${repository}/manifests/`;
    const found = await askPlace(place, 'HEAD', `${at}${tag}`, { headers: { accept: MANIFESTS } });
    const digest = found.headers.get('docker-content-digest');
    // The registry says itself how it is signed in to.
    if (digest !== undefined) await removeAt(place, `${at}${digest}`, {});
  }
}

/** The Gitea that the environment names, otherwise one of our own. */
export async function openZoneGitea(repositories: readonly string[]): Promise<ZonePlace> {
  const place = livePlace('GITEA');
  const name = uniqueName();
  const target = (at: { readonly url: string; readonly ca?: string }): string =>
    `kind: gitea, ${membersOf(at)}, path: "${name}/{name}", credentials: {env: FORGE}`;
  if (place === undefined) {
    const gitea: Gitea = await startGitea();
    const url = `http://${gitea.host}`;
    const { host, credentials } = gitea;
    const dispose = (): PromiseLike<void> => gitea[Symbol.asyncDispose]();
    return {
      url,
      host,
      credentials,
      name,
      target: target({ url }),
      hosts: [host],
      isOurs: true,
      [Symbol.asyncDispose]: dispose,
    };
  }
  return {
    ...place,
    name,
    target: target(place),
    hosts: [place.host],
    isOurs: false,
    [Symbol.asyncDispose]: async () => {
      for (const repository of repositories) await removeAt(place, `/api/v1/repos/${name}/${repository}`);
      await removeAt(place, `/api/v1/orgs/${name}`);
    },
  };
}

/** The store that the environment names (`GAPFERRY_LIVE_S3_REGION` where it wants one), otherwise a MinIO. */
export async function openZoneBucket(): Promise<ZonePlace> {
  const place = livePlace('S3');
  const name = uniqueName();
  const region = process.env['GAPFERRY_LIVE_S3_REGION'];
  const target = (at: { readonly url: string; readonly ca?: string }): string =>
    `kind: s3, ${membersOf(at, 'endpoint')}, bucket: ${name}, create: true, credentials: {env: STORE}${region === undefined ? '' : `, region: "${region}"`}`;
  if (place === undefined) {
    const minio = await startMinio();
    const { url, host, accessKey, secretKey } = minio;
    return {
      url,
      host,
      credentials: { username: accessKey, password: secretKey },
      name,
      target: target({ url }),
      hosts: [host],
      isOurs: true,
      [Symbol.asyncDispose]: () => minio[Symbol.asyncDispose](),
    };
  }
  const bucket: ZonePlace = {
    ...place,
    name,
    target: target(place),
    hosts: [place.host],
    isOurs: false,
    [Symbol.asyncDispose]: () => removeBucket(bucket),
  };
  return bucket;
}

/** Asks what a client of Amazon's asks. */
export function askBucket<T>({ url, credentials, ca }: ZonePlace, lines: string): Promise<T> {
  const { username: accessKey, password: secretKey } = credentials ?? { username: '', password: '' };
  const region = process.env['GAPFERRY_LIVE_S3_REGION'];
  return boto3<T>(
    { url, accessKey, secretKey, ...(region !== undefined && { region }), ...(ca !== undefined && { ca }) },
    lines,
  );
}

/** Versions where there are any, and uploads that were begun: only an empty bucket goes. */
async function removeBucket(bucket: ZonePlace): Promise<void> {
  const said = await askBucket<string>(
    bucket,
    `
bucket = '${bucket.name}'
def each(operation, member, act):
    try:
        for found in pages(operation, member, Bucket=bucket): act(found)
    except Exception: pass
each('list_multipart_uploads', 'Uploads', lambda upload: s3.abort_multipart_upload(Bucket=bucket, Key=upload['Key'], UploadId=upload['UploadId']))
for member in ('Versions', 'DeleteMarkers'):
    each('list_object_versions', member, lambda version: s3.delete_object(Bucket=bucket, Key=version['Key'], VersionId=version['VersionId']))
each('list_objects_v2', 'Contents', lambda found: s3.delete_object(Bucket=bucket, Key=found['Key']))
try:
    s3.delete_bucket(Bucket=bucket)
    answer('')
except Exception as error: answer('' if 'NoSuchBucket' in str(error) else str(error))`,
  ).catch(String);
  if (said !== '') tellLeft(`the bucket ${bucket.name}`, said);
}

function tellLeft(what: string, why: unknown): void {
  process.stderr.write(`${what} could not be removed: ${String(why)}\n`);
}
