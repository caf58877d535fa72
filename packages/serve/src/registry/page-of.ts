import { type Answer, jsonAnswer } from '../http/answer.ts';
import { API_VERSION, registryError } from './registry-answers.ts';

/** One page of a sorted list by `n` and `last`, with the Link to the next one (distribution-spec, listing tags). `render` makes the body. */
export function pageAnswer(
  all: Iterable<string>,
  path: string,
  query: URLSearchParams,
  render: (page: readonly string[]) => unknown,
): Answer {
  const last = query.get('last');
  const limit = query.get('n');
  if (limit !== null && !/^\d{1,9}$/.test(limit))
    return registryError(400, 'UNSUPPORTED', 'n is not a number');
  const rest = [...all].sort().filter((entry) => last === null || entry > last);
  const page = limit === null ? rest : rest.slice(0, Number(limit));
  const more = page.length > 0 && page.length < rest.length;
  const next = `<${path}?n=${page.length}&last=${encodeURIComponent(page.at(-1) ?? '')}>; rel="next"`;
  return jsonAnswer(200, render(page), { ...API_VERSION, ...(more && { Link: next }) });
}
