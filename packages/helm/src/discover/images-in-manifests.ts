import type { ImageFinding } from '@gapferry/core';
import { createFindingList } from './finding-list.ts';
import { readManifests } from './manifest-stream.ts';
import { searchObject } from './search-tree.ts';
import type { YamlNode } from './yaml-tree.ts';

export interface ManifestOptions {
  readonly file?: string;
  /** What becomes of a document before it is searched; places stay those of the text. */
  readonly change?: (document: YamlNode) => YamlNode;
}

/** Every image that a stream of Kubernetes manifests names, in the stream's order; the same image once for each place.
 *  `file` is the file the text is; without it, `# Source:` comments name the files, as in what `helm template` prints. Confidence:
 *  `certain` is a container or image volume of a kind that known-kinds.ts lists; `likely` is what has the form of an image where images stand (an unknown kind's container, `--x-image=`, `X_IMAGE`, a ConfigMap's manifest);
 *  `possible` is a full reference anywhere else. What cannot be a reference (templates, variables, blanks) is no finding.
 *  Throws `CONTENT_INVALID` for a document that is no YAML, with file and line, and `LIMIT_EXCEEDED` for more than 32 MiB, 3 MiB in a document, 1,000 aliases, 250 levels or 2,000,000 members. */
export function imagesInManifests(text: string, options: ManifestOptions): ImageFinding[] {
  const list = createFindingList();
  for (const { file, content } of readManifests(text, options.file)) {
    const scope = {
      file,
      byForm: 'custom-resource',
      opened: 0,
      atMost: 'certain',
      claimed: new Set<string>(),
    } as const;
    searchObject({ path: '', node: options.change?.(content) ?? content }, scope, list);
  }
  return [...list.findings];
}
