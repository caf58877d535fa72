import { toContent } from '../content/content.ts';
import { bearerToken } from '../http/credentials.ts';
import { type HttpServerOptions, startHttpServer, type TestServer } from '../http/http-server.ts';
import { rangeReply } from '../http/range.ts';
import { jsonReply, type Reply, textReply } from '../http/reply.ts';
import type { TestRequest } from '../http/test-request.ts';
import { type Route, route, toApiRequest } from './api-request.ts';

export interface ReleaseHostOptions extends HttpServerOptions {
  readonly api: 'github' | 'gitlab';
  /** Who has it may read the one repository there, `ops/edge`; all others see no such repository. */
  readonly token: string;
}

export interface ReleaseHost extends TestServer {
  /** `URL/ops/edge`. */
  readonly repository: string;
  /** Where its API answers with what the repository is. */
  readonly question: string;
  /** Where its files lie: a host of its own, which refuses what comes with an `Authorization`. */
  readonly storage: TestServer;
  /** Makes an asset of the release with this tag. `as`: of GitLab, what the link leads to; a generic package unless said. Its public URL. */
  publish(tag: string, name: string, text: string, as?: LinkKind): string;
  remove(tag: string, name: string): void;
}

export type LinkKind = 'package' | 'job' | 'upload' | 'elsewhere';

interface Asset {
  readonly id: number;
  readonly name: string;
  readonly text: string;
  readonly as: LinkKind;
}

interface State {
  readonly options: ReleaseHostOptions;
  readonly releases: Map<string, Asset[]>;
  readonly storage: TestServer;
  url: string;
}

/** The releases of a private repository, by the rules of GitHub ("Releases", "Release assets": downloads by the API with `Accept: application/octet-stream`, which redirects to a storage) or GitLab ("Releases API", "Release links API", generic packages, job artifacts, uploads):
 *  pages take no token. GitHub says 404 there, GitLab leads to where one signs in. */
export async function startReleaseHost(options: ReleaseHostOptions): Promise<ReleaseHost> {
  const releases = new Map<string, Asset[]>();
  const storage = await startHttpServer((request) => fromStorage(releases, request));
  const state: State = { options, releases, storage, url: '' };
  const server = await startHttpServer((request) => answer(state, request), options);
  state.url = server.url;
  let next = 1;
  return {
    ...server,
    storage,
    repository: `${server.url}/ops/edge`,
    question: `${server.url}${API[options.api]}`,
    publish(tag, name, text, as = 'package') {
      const asset = { id: next++, name, text, as };
      const others = (releases.get(tag) ?? []).filter((one) => one.name !== name);
      releases.set(tag, [...others, asset]);
      return publicUrl(state, tag, asset);
    },
    remove: (tag, name) =>
      void releases.set(
        tag,
        (releases.get(tag) ?? []).filter((one) => one.name !== name),
      ),
    async [Symbol.asyncDispose]() {
      await server.close();
      await storage.close();
    },
  };
}

const API = { github: '/api/v3/repos/ops/edge', gitlab: '/api/v4/projects/ops%2Fedge' };

function publicUrl({ options, url }: State, tag: string, { name }: Asset): string {
  const [at, file] = [encodeURIComponent(tag), encodeURIComponent(name)];
  return options.api === 'github'
    ? `${url}/ops/edge/releases/download/${at}/${file}`
    : `${url}/ops/edge/-/releases/${at}/downloads/${file}`;
}

/** What the link of GitLab leads to. */
function targetOf({ url, storage }: State, { id, name, as }: Asset): string {
  const file = encodeURIComponent(name);
  switch (as) {
    case 'package':
      return `${url}/api/v4/projects/1/packages/generic/edge/${id}/${file}`;
    case 'job':
      return `${url}/ops/edge/-/jobs/${id}/artifacts/raw/out/${file}`;
    case 'upload':
      return `${url}/ops/edge/uploads/${id}/${file}`;
    case 'elsewhere':
      return `${storage.url}/${id}?signature=good`;
  }
}

/** Links are signed for who may fetch: whoever says more is refused, as S3 does. */
function fromStorage(releases: State['releases'], request: TestRequest): Reply {
  if (request.headers.authorization !== undefined) return textReply(400, 'Only one auth mechanism allowed\n');
  if (request.query.get('signature') !== 'good') return textReply(403, 'AccessDenied\n');
  const asset = [...releases.values()].flat().find(({ id }) => `/${id}` === request.path);
  return asset === undefined ? textReply(404, 'not found\n') : contentOf(asset, request);
}

function contentOf({ id, text }: Asset, request: TestRequest): Reply {
  return rangeReply(request, toContent(text), { etag: `"${id}"` });
}

async function answer(state: State, request: TestRequest): Promise<Reply> {
  const { api, token } = state.options;
  const isApi = request.path.startsWith(api === 'github' ? '/api/v3/' : '/api/v4/');
  if (isApi && bearerToken(request) === token)
    return await route(api === 'github' ? githubRoutes(state, request) : gitlabRoutes(state, request), {
      ...(await toApiRequest(request, API[api].slice(0, '/api/v3'.length))),
      // HEAD is answered as GET is.
      method: 'GET',
    });
  if (isApi || api === 'github') return jsonReply(404, { message: 'Not Found' });
  if (request.path === '/users/sign_in') return textReply(200, '<html>Sign in</html>\n');
  return { status: 302, headers: { location: '/users/sign_in' } };
}

function githubRoutes(state: State, request: TestRequest): Route[] {
  const { releases, storage } = state;
  const release = (tag: string): object => ({
    tag_name: tag,
    assets: (releases.get(tag) ?? []).map((asset) => ({
      id: asset.id,
      name: 'a label',
      browser_download_url: publicUrl(state, tag, asset),
    })),
  });
  return [
    ['GET', '/repos/ops/edge/releases', () => jsonReply(200, [...releases.keys()].map(release))],
    ['GET', '/repos/ops/edge/releases/tags/:tag', (_, [tag = '']) => jsonReply(200, release(tag))],
    [
      'GET',
      '/repos/ops/edge/releases/assets/:id',
      (_, [id = '']) =>
        request.headers.accept === 'application/octet-stream'
          ? { status: 302, headers: { location: `${storage.url}/${id}?signature=good` } }
          : jsonReply(200, { id }),
    ],
  ];
}

function gitlabRoutes(state: State, request: TestRequest): Route[] {
  const { releases } = state;
  const find = (tag: string | undefined, wanted: (asset: Asset) => boolean): Asset | undefined =>
    (tag === undefined ? [...releases.values()].flat() : (releases.get(tag) ?? [])).find(wanted);
  const release = (tag: string): object => ({
    tag_name: tag,
    assets: {
      links: (releases.get(tag) ?? []).map((asset) => ({
        id: asset.id,
        name: 'a label',
        url: targetOf(state, asset),
        direct_asset_url: publicUrl(state, tag, asset),
      })),
    },
  });
  const give = (kind: LinkKind, id: string, name: string): Reply => {
    const asset = find(undefined, (one) => one.as === kind && `${one.id}` === id && one.name === name);
    return asset === undefined ? jsonReply(404, { message: '404 Not Found' }) : contentOf(asset, request);
  };
  return [
    ['GET', '/projects/:id/releases', () => jsonReply(200, [...releases.keys()].map(release))],
    ['GET', '/projects/:id/releases/:tag', (_, [, tag = '']) => jsonReply(200, release(tag))],
    [
      'GET',
      '/projects/:id/releases/:tag/downloads/:name',
      (_, [, tag = '', name = '']) => {
        const asset = find(tag, (one) => one.name === name);
        if (asset === undefined) return jsonReply(404, { message: '404 Not Found' });
        return { status: 302, headers: { location: targetOf(state, asset) } };
      },
    ],
    [
      'GET',
      '/projects/:id/packages/generic/edge/:version/:name',
      (_, [, id = '', n = '']) => give('package', id, n),
    ],
    ['GET', '/projects/:id/jobs/:job/artifacts/out/:name', (_, [, id = '', n = '']) => give('job', id, n)],
    ['GET', '/projects/:id/uploads/:secret/:name', (_, [, id = '', n = '']) => give('upload', id, n)],
  ];
}
