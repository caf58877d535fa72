import { redact } from './redact.ts';

/** What people wrote about a repository at the host that it comes from. Members that say nothing are absent. */
export interface RepositoryAbout {
  /** One printable line, 1 to 1,000 UTF-16 code units. */
  readonly description?: string;
  /** `http:` or `https:` URL without credentials, as the URL standard writes it, at most 1,000 characters. */
  readonly homepage?: string;
  /** Sorted, each once, 1 to 50; each 1 to 50 of `a-z`, `0-9` and `-`. */
  readonly topics?: readonly string[];
}

/** What is set at a host; an empty text or list takes away what stands there. */
export type AboutChange = RepositoryAbout;

export const ABOUT_LIMITS = { text: 1000, topics: 50, topic: 50 } as const;

/** Of what a host says that much as is carried: what cannot be shown is left out, what is too long is cut off (a description) or left out (everything else). Takes anything. */
export function toRepositoryAbout(said: {
  readonly description?: unknown;
  readonly homepage?: unknown;
  readonly topics?: unknown;
}): RepositoryAbout {
  const description = typeof said.description === 'string' ? aboutLine(said.description) : '';
  const homepage = typeof said.homepage === 'string' ? homepageOf(said.homepage) : undefined;
  const topics = Array.isArray(said.topics) ? topicsOf(said.topics) : [];
  return {
    ...(description !== '' && { description }),
    ...(homepage !== undefined && { homepage }),
    ...(topics.length > 0 && { topics }),
  };
}

/** One line that a terminal shows as it is. */
export function aboutLine(text: string): string {
  const line = text
    .slice(0, ABOUT_LIMITS.text * 4)
    .toWellFormed()
    .replace(/[\p{Cc}\p{Bidi_Control}\ufeff]/gu, (character) => (/\s/.test(character) ? ' ' : ''))
    // Last: what was taken away may have stood between two blanks.
    .replace(/[\s\u2028\u2029]+/gu, ' ')
    .trim();
  // A pair of surrogates is not cut in two.
  return line
    .slice(0, ABOUT_LIMITS.text)
    .replace(/[\ud800-\udbff]$/, '')
    .trim();
}

/** Undefined for what is no address that everybody may see. */
export function homepageOf(text: string): string | undefined {
  const url = text.length > ABOUT_LIMITS.text ? null : URL.parse(text.trim());
  if (url === null || !/^https?:$/.test(url.protocol) || url.username + url.password !== '') return undefined;
  return url.href.length > ABOUT_LIMITS.text || redact(url.href) !== url.href ? undefined : url.href;
}

const TOPIC = /^[a-z0-9-]{1,50}$/;

/** GitLab's have capitals and blanks, Gitea's dots: `Process control` becomes `process-control`. */
function topicsOf(said: readonly unknown[]): string[] {
  const topics = said.slice(0, 1000).flatMap((topic) => {
    const name = typeof topic === 'string' ? topic.toLowerCase().replace(/[\s._/]+/g, '-') : '';
    return TOPIC.test(name) ? [name] : [];
  });
  return [...new Set(topics)].sort().slice(0, ABOUT_LIMITS.topics);
}

/** What is set at a host where `there` stands: each member that is not as wanted, unless somebody else wrote what stands there: neither nothing, nor anything of `left`, what was set before.
 *  Undefined where nothing is set. */
export function aboutChange(
  wanted: RepositoryAbout,
  there: RepositoryAbout,
  left: readonly RepositoryAbout[],
): AboutChange | undefined {
  const change = {
    ...textChange('description', wanted, there, left),
    ...textChange('homepage', wanted, there, left),
    ...topicsChange(wanted, there, left),
  };
  return Object.keys(change).length === 0 ? undefined : change;
}

function textChange(
  member: 'description' | 'homepage',
  wanted: RepositoryAbout,
  there: RepositoryAbout,
  left: readonly RepositoryAbout[],
): AboutChange {
  const now = there[member] ?? '';
  const next = wanted[member] ?? '';
  const isOurs = now === '' || left.some((about) => about[member] === now);
  return now !== next && isOurs ? { [member]: next } : {};
}

function topicsChange(
  { topics = [] }: RepositoryAbout,
  { topics: now = [] }: RepositoryAbout,
  left: readonly RepositoryAbout[],
): AboutChange {
  const key = (list: readonly string[] = []): string => [...list].sort().join();
  const isOurs = now.length === 0 || left.some((about) => key(about.topics) === key(now));
  return key(now) !== key(topics) && isOurs ? { topics } : {};
}

export function isSameAbout(a: RepositoryAbout = {}, b: RepositoryAbout = {}): boolean {
  const key = ({ description, homepage, topics }: RepositoryAbout): string =>
    JSON.stringify([description, homepage, topics]);
  return key(a) === key(b);
}
