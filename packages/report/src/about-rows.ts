import type { RepositoryAbout } from '@gapferry/core';

/** What becomes of each member of what a host says of a repository: `description`, `"old" → "new"`. */
export function aboutRows(from: RepositoryAbout, to: RepositoryAbout): string[][] {
  return [
    ...textRow('description', from.description, to.description),
    ...textRow('homepage', from.homepage, to.homepage),
    ...topicsRow(from.topics, to.topics),
  ];
}

function textRow(name: string, from: string | undefined, to: string | undefined): string[][] {
  return from === to ? [] : [[name, `${quoted(from)} → ${quoted(to)}`]];
}

/** A line of a terminal is short. */
const SHOWN = 60;

function quoted(text: string | undefined): string {
  if (text === undefined || text === '') return 'none';
  const characters = [...text];
  return characters.length > SHOWN ? `"${characters.slice(0, SHOWN).join('')}…"` : `"${text}"`;
}

function topicsRow(from: readonly string[] = [], to: readonly string[] = []): string[][] {
  const [before, after] = [new Set(from), new Set(to)];
  const signed = [
    ...to.filter((topic) => !before.has(topic)).map((topic) => `+${topic}`),
    ...from.filter((topic) => !after.has(topic)).map((topic) => `−${topic}`),
  ];
  return signed.length === 0 ? [] : [['topics', signed.join(' ')]];
}
