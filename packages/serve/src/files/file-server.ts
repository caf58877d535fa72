import { contentTypeOf, hexOf, type Run, verifiedBytes } from '@gapferry/core';
import { type Answer, htmlAnswer, notFound, textAnswer } from '../http/answer.ts';
import { contentAnswer } from '../http/content-answer.ts';
import { escapeHtml, formatSize, htmlPage } from '../http/html.ts';
import type { ServedRequest } from '../http/served-request.ts';
import { createFileDigests, type FileDigests, readPlace } from './file-digests.ts';
import { findPlace, type SafePlace } from './safe-place.ts';
import { type ListedPlace, listDirectory, walkTree } from './tree-listing.ts';

/** Plain files below a root, with index pages and checksums. */
export interface FileServer {
  /** `parts`: what follows `/files/`; the last is empty for a directory. GET and HEAD only. */
  answer(parts: readonly string[], request: ServedRequest): Promise<Answer>;
}

/** Made by the server in every directory; a file of that name in the tree goes first. */
const SUMS = 'SHA256SUMS';

export function createFileServer(root: string, run: Run): FileServer {
  const digests = createFileDigests(run);
  return {
    async answer(parts, request) {
      const isDirectory = parts.at(-1) === '';
      const names = isDirectory ? parts.slice(0, -1) : parts;
      const place = await findPlace(root, names);
      if (place?.facts.isFile())
        return isDirectory
          ? notFound('this directory')
          : await fileAnswer(place, names.at(-1) ?? '', digests, request);
      if (place !== undefined)
        return isDirectory ? await indexPage(place, names, digests, request) : toDirectory(names);
      if (names.length === 0) return htmlAnswer(htmlPage('files', '<p>No files are here.</p>'));
      return await madeUpFile(root, names, digests, request);
    },
  };
}

/** A browser may look at a page that was imported; nothing in it runs, loads or is sent anywhere. */
const HARMLESS = {
  'Cache-Control': 'no-cache',
  'Content-Security-Policy': "default-src 'none'; sandbox; base-uri 'none'; form-action 'none'",
} as const;

/** The ETag is the content's sha256. A whole file is hashed again while it is sent and cut where it differs; a part comes from exactly the file that was hashed. */
async function fileAnswer(
  place: SafePlace,
  name: string,
  digests: FileDigests,
  request: ServedRequest,
): Promise<Answer> {
  const digest = await digests.of(place, request.run);
  const size = Number(place.facts.size);
  return contentAnswer(
    {
      digest,
      size,
      headers: { ...HARMLESS, 'Content-Type': contentTypeOf(name) },
      whole: () =>
        verifiedBytes({ digest, size }, readPlace(place, 0, size - 1, request.run), { origin: 'target' }),
      range: ({ first, last }) => readPlace(place, first, last, request.run),
    },
    request.headers,
  );
}

/** Relative, so that no host and no scheme can be smuggled in. */
function toDirectory(names: readonly string[]): Answer {
  const location = `./${encodeURIComponent(names.at(-1) ?? '')}/`;
  return {
    ...textAnswer(301, location),
    headers: { 'Content-Type': 'text/plain; charset=utf-8', Location: location },
  };
}

async function madeUpFile(
  root: string,
  names: readonly string[],
  digests: FileDigests,
  request: ServedRequest,
): Promise<Answer> {
  const directory = names.at(-1) === SUMS ? await findPlace(root, names.slice(0, -1)) : undefined;
  if (!directory?.facts.isDirectory()) return notFound('this file');
  const files = (await walkTree(directory.path, request.run)).filter(({ facts }) => facts.isFile());
  const lines = await Promise.all(
    files.map(async (file) => `${hexOf(await digests.of(file, request.run))}  ${file.name}\n`),
  );
  const headers = { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-cache' };
  return { status: 200, headers, body: Buffer.from(lines.join('')) };
}

async function indexPage(
  place: SafePlace,
  names: readonly string[],
  digests: FileDigests,
  request: ServedRequest,
): Promise<Answer> {
  const entries = await listDirectory(place.path);
  const rows = await Promise.all(entries.map((entry) => indexRow(entry, digests, request)));
  const up = names.length === 0 ? '' : '<p><a href="../">up</a></p>';
  const head = '<tr><th>Name</th><th>Size</th><th>SHA-256</th></tr>';
  const sums = `<p>Check what you got: <a href="./${SUMS}">${SUMS}</a></p>`;
  return htmlAnswer(
    htmlPage(['files', ...names].join('/'), `${up}<table>${head}${rows.join('')}</table>${sums}`),
  );
}

async function indexRow(entry: ListedPlace, digests: FileDigests, { run }: ServedRequest): Promise<string> {
  const slash = entry.facts.isDirectory() ? '/' : '';
  const link = `<a href="./${encodeURIComponent(entry.name)}${slash}">${escapeHtml(entry.name)}${slash}</a>`;
  if (slash !== '') return `<tr><td>${link}</td><td></td><td></td></tr>`;
  const hex = hexOf(await digests.of(entry, run));
  return `<tr><td>${link}</td><td class="n">${formatSize(Number(entry.facts.size))}</td><td><code>${hex}</code></td></tr>`;
}
