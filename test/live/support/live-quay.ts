import { QUAY_ADMIN_TOKEN, startQuay } from '@gapferry/testkit';
import { askPlace, type LivePlace, livePlace, type PlaceAnswer, removeAt, uniqueName } from './live-place.ts';

/** A Quay: the one that the environment names, or the testkit's. The tests make organisations of their own there, and take away whatever they made. */
export interface LiveQuay extends AsyncDisposable {
  readonly place: LivePlace;
  /** Of a user that may make organisations, with all scopes. */
  readonly token: string;
  readonly user: string;
  readonly password: string;
  /** A name of an organisation that nobody else has; whatever is in it is removed in the end. */
  organization(): string;
  /** Below `/api/v1`, with the token; any status is an answer. */
  ask(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<PlaceAnswer>;
  /** What a tag stands at. */
  digest(path: string, tag: string): Promise<string | undefined>;
}

/** `GAPFERRY_LIVE_QUAY_URL`, `_USER`, `_PASSWORD`, `_TOKEN` and `_CA`. */
export async function openLiveQuay(env: NodeJS.ProcessEnv = process.env): Promise<LiveQuay> {
  const named = livePlace('QUAY', env);
  const fake = named === undefined ? await startQuay() : undefined;
  process.stderr.write(
    `Quay: ${named?.url ?? 'the testkit’s own (set GAPFERRY_LIVE_QUAY_URL for another)'}\n`,
  );
  const place = named ?? { url: fake?.url ?? '', host: fake?.host ?? '' };
  const token = named === undefined ? QUAY_ADMIN_TOKEN : (env['GAPFERRY_LIVE_QUAY_TOKEN'] ?? '');
  const { username = 'admin', password = 'quay12345' } = place.credentials ?? {};
  const organizations: string[] = [];
  const ask: LiveQuay['ask'] = (method, path, body) =>
    askPlace(place, method, `/api/v1${path}`, {
      headers: { authorization: `Bearer ${token}` },
      ...(body !== undefined && { body }),
    });
  return {
    place,
    token,
    user: username,
    password,
    ask,
    organization: () => {
      const name = uniqueName();
      organizations.push(name);
      return name;
    },
    digest: async (path, tag) => {
      const { json } = await ask('GET', `/repository/${path}/tag/?specificTag=${tag}&onlyActiveTags=true`);
      const { tags = [] } = (json ?? {}) as { tags?: Array<{ manifest_digest?: string }> };
      return tags[0]?.manifest_digest;
    },
    [Symbol.asyncDispose]: async () => {
      const headers = { authorization: `Bearer ${token}` };
      for (const name of organizations) await removeAt(place, `/api/v1/organization/${name}`, { headers });
      await fake?.close();
    },
  };
}
