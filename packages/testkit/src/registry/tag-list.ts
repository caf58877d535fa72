import { jsonReply, type Reply } from '../http/reply.ts';
import type { TestRequest } from '../http/test-request.ts';
import { RegistryError } from './registry-error.ts';
import type { Repository } from './repository.ts';

/** One page of tags in lexical order, with `Link: …; rel="next"` while there are more (distribution-spec, listing tags; RFC 8288). */
export function listTags(
  request: TestRequest,
  name: string,
  repository: Repository,
  limit: number | undefined,
): Reply {
  const asked = request.query.get('n');
  if (asked !== null && !/^\d{1,9}$/.test(asked))
    throw new RegistryError('PAGINATION_NUMBER_INVALID', 'invalid number of results requested', { n: asked });
  const last = request.query.get('last') ?? '';
  const after = [...repository.tags.keys()].sort().filter((tag) => tag > last);
  const count = Math.min(asked === null ? after.length : Number(asked), limit ?? after.length);
  const tags = after.slice(0, count);
  const more = tags.length > 0 && tags.length < after.length;
  const next = `/v2/${name}/tags/list?n=${count}&last=${encodeURIComponent(tags.at(-1) ?? '')}`;
  return jsonReply(200, { name, tags }, more ? { link: `<${next}>; rel="next"` } : {});
}
