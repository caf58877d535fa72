import { join } from 'node:path';
import { type Descriptor, type Digest, digestOf, hexOf } from '@gapferry/core';
import { type Content, fileContent, readContent } from '../content/content.ts';
import type { TestImage } from '../content/image.ts';
import { childrenOf, parseManifest } from './manifest-rules.ts';
import { RegistryError } from './registry-error.ts';
import type { Repository } from './repository.ts';

/** What the registry holds, without any HTTP. */
export class RegistryStore {
  readonly #repositories = new Map<string, Repository>();
  readonly #blobsFrom: string | undefined;

  constructor(blobsFrom?: string) {
    this.#blobsFrom = blobsFrom;
  }

  find(name: string): Repository | undefined {
    return this.#repositories.get(name);
  }

  get(name: string): Repository {
    const repository = this.#repositories.get(name);
    if (repository !== undefined) return repository;
    throw new RegistryError('NAME_UNKNOWN', 'repository name not known to registry', { name });
  }

  /** A push creates the repository. */
  create(name: string): Repository {
    const there = this.#repositories.get(name);
    if (there !== undefined) return there;
    const repository = { blobs: new Map(), manifests: new Map(), tags: new Map() };
    this.#repositories.set(name, repository);
    return repository;
  }

  remove(name: string): void {
    this.#repositories.delete(name);
  }

  /** Bytes of all blobs, those of each repository counted by themselves. */
  blobBytes(): number {
    const blobs = [...this.#repositories.values()].flatMap((repository) => [...repository.blobs.values()]);
    return blobs.reduce((sum, { size }) => sum + size, 0);
  }

  names(): string[] {
    return [...this.#repositories.keys()].sort();
  }

  /** Children first, as a client would push it. */
  seedImage(name: string, tag: string | undefined, image: TestImage): Descriptor {
    const repository = this.create(name);
    for (const child of image.children) this.seedImage(name, undefined, child);
    for (const blob of image.blobs) repository.blobs.set(blob.digest, blob.content);
    repository.manifests.set(image.root.digest, { mediaType: image.root.mediaType, bytes: image.manifest });
    if (tag !== undefined) repository.tags.set(tag, image.root.digest);
    return image.root;
  }

  /** Links a graph whose blobs and manifests lie in the `blobsFrom` directory, named by their hex digest. Content stays on disk. */
  async seedFromDirectory(name: string, tag: string | undefined, root: Descriptor): Promise<void> {
    const repository = this.create(name);
    const bytes = await readContent(await this.#onDisk(root.digest));
    if (digestOf(bytes) !== root.digest) throw new Error(`${root.digest} in the directory has other content`);
    const manifest = parseManifest(bytes, root.mediaType);
    const { blobs, manifests } = childrenOf(manifest);
    for (const child of manifests) await this.seedFromDirectory(name, undefined, child);
    for (const blob of blobs) repository.blobs.set(blob.digest, await this.#onDisk(blob.digest));
    repository.manifests.set(root.digest, { mediaType: root.mediaType, bytes });
    if (tag !== undefined) repository.tags.set(tag, root.digest);
  }

  #onDisk(digest: Digest): Promise<Content> {
    if (this.#blobsFrom === undefined) throw new Error('the registry was started without blobsFrom');
    return fileContent(join(this.#blobsFrom, hexOf(digest)));
  }
}
