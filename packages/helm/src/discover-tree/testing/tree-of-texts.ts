import { type FileTree, treeOfFiles } from '../file-tree.ts';

/** A tree of text files, by path. */
export function treeOfTexts(files: Readonly<Record<string, string>>): FileTree {
  return treeOfFiles(
    new Map(Object.entries(files).map(([path, text]) => [path, new TextEncoder().encode(text)])),
  );
}

/** A Pod with one container. */
export function pod(name: string, image: string): string {
  return `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}}\nspec: {containers: [{name: ${name}, image: "${image}"}]}\n`;
}
