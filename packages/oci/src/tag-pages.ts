import { GapferryError, parseJson, type Run } from '@gapferry/core';
import type { HttpAnswer, HttpClient } from '@gapferry/http';
import { z } from 'zod';
import { nextPage } from './next-page.ts';
import type { RegistryAddress } from './registry-address.ts';

const PAGE = 1000;
const MOST_PAGES = 1000;
const MOST_TAGS = 100_000;
const PAGE_BYTES = 16 << 20;

const shape = z.looseObject({ tags: z.array(z.string()).nullish() });

/** Every tag of a repository, in the registry's order, page by page (distribution-spec, "Listing Tags"; RFC 8288 Link). Names that are no tags are left out. */
export async function readTagPages(
  http: HttpClient,
  address: RegistryAddress,
  repository: string,
  run: Run,
): Promise<string[]> {
  const item = `the tags of ${repository}`;
  const tags: string[] = [];
  let url: string | undefined = `${address.base}/tags/list?n=${PAGE}`;
  for (let page = 0; url !== undefined; page++) {
    if (page === MOST_PAGES || tags.length > MOST_TAGS)
      throw refused('LIMIT_EXCEEDED', `${item} are more than ${MOST_TAGS}`);
    const answer: HttpAnswer = await http.request(
      { url, item, scope: address.scope, maxBytes: PAGE_BYTES },
      run,
    );
    tags.push(...tagsIn(answer, item));
    url = nextPage(answer, item);
  }
  return [...new Set(tags)];
}

function tagsIn(answer: HttpAnswer, item: string): string[] {
  const list = shape.safeParse(parseJson(answer.body, item, { maxBytes: PAGE_BYTES, maxDepth: 8 }));
  if (!list.success) throw refused('PROTOCOL_VIOLATION', `${item} came in an unknown form`);
  return (list.data.tags ?? []).filter((tag) => /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/.test(tag));
}

function refused(code: 'LIMIT_EXCEEDED' | 'PROTOCOL_VIOLATION', message: string): GapferryError {
  return new GapferryError({ code, message, origin: 'source' });
}
