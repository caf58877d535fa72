import type { Run } from '@gapferry/core';
import { walkTree } from './files/tree-listing.ts';
import { type Answer, htmlAnswer } from './http/answer.ts';
import { escapeHtml, htmlPage } from './http/html.ts';
import { type Repository, readRepositories } from './registry/repositories.ts';
import type { ServedContentRoots } from './served-store.ts';

/** What is here and how to get it, as a page without script. `origin`: how the client reached the server, `http://host:port`. */
export async function frontPage(content: ServedContentRoots, origin: string, run: Run): Promise<Answer> {
  const repositories = await readRepositories(content.store);
  const git = await gitRepositories(content.gitRoot, run);
  const files =
    '<h2>Files</h2><p><a href="./files/">files/</a> · <a href="./files/SHA256SUMS">SHA256SUMS</a></p>';
  return htmlAnswer(htmlPage('gapferry', `${images(repositories, origin)}${clones(git, origin)}${files}`));
}

async function gitRepositories(root: string, run: Run): Promise<string[]> {
  const isRepository = (name: string): boolean => name.endsWith('.git');
  const found = await walkTree(root, run, ({ name }) => !isRepository(name));
  return found.filter(({ name, facts }) => facts.isDirectory() && isRepository(name)).map(({ name }) => name);
}

function images(repositories: ReadonlyMap<string, Repository>, origin: string): string {
  const host = origin.replace(/^https?:\/\//, '');
  const rows = [...repositories]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, { tags, roots }]) => {
      const references =
        tags.size > 0
          ? [...tags.keys()].sort().map((tag) => `:${tag}`)
          : roots.map(({ digest }) => `@${digest}`);
      return references.map(
        (reference) => `<tr><td><code>${escapeHtml(`${host}/${name}${reference}`)}</code></td></tr>`,
      );
    });
  if (rows.length === 0) return '<h2>Images and charts</h2><p>None are here.</p>';
  return `<h2>Images and charts</h2><p>Pull these references, for example with <code>skopeo</code>, <code>crictl</code> or <code>helm pull oci://…</code>:</p><table>${rows.join('')}</table>`;
}

function clones(git: readonly string[], origin: string): string {
  if (git.length === 0) return '<h2>Git repositories</h2><p>None are here.</p>';
  const rows = git.map(
    (name) => `<tr><td><code>git clone ${escapeHtml(`${origin}/git/${name}`)}</code></td></tr>`,
  );
  return `<h2>Git repositories</h2><table>${rows.join('')}</table>`;
}
