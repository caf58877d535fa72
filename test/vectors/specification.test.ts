import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { READERS } from './read-format.ts';
import { caseNames } from './read-vector.ts';

const SPECIFICATION = join(import.meta.dirname, '..', '..', 'docs', 'spec');
const PAGES: ReadonlyMap<string, string> = new Map(
  readdirSync(SPECIFICATION)
    .filter((name) => name.endsWith('.md'))
    .map((name) => [name, readFileSync(join(SPECIFICATION, name), 'utf8')]),
);

describe('the specification', () => {
  it('names every vector, and no vector that is not there', () => {
    const there = Object.keys(READERS).flatMap((format) =>
      caseNames(format).map((name) => `${format}/${name}`),
    );
    expect([...namedVectors()].sort()).toEqual(there.sort());
  });

  it('links only to pages that are there', () => {
    const links = [...PAGES.values()].flatMap((text) =>
      [...text.matchAll(/\]\(([^)#:/]+\.md)[^)]*\)/g)].map(([, to = '']) => to),
    );
    expect(links.filter((to) => !PAGES.has(to))).toEqual([]);
  });
});

/** `format/case` in code marks; `format/{a,b}` names two. */
function namedVectors(): Set<string> {
  const text = [...PAGES.values()].join('\n');
  const named = [...text.matchAll(/`([a-z-]+)\/(?:([a-z0-9-]+)|\{([a-z0-9, \n-]+)\})`/g)];
  return new Set(
    named
      .filter(([, format = '']) => Object.hasOwn(READERS, format))
      .flatMap(([, format, one, many]) =>
        (one ?? many ?? '').split(',').map((name) => `${format}/${name.trim()}`),
      ),
  );
}
