import type { Descriptor, Digest } from '@gapferry/core';
import type { TestImage } from '../content/image.ts';
import type { AccessLogEntry } from '../http/access-log.ts';
import type { Credentials } from '../http/credentials.ts';
import type { Fault } from '../http/fault.ts';
import { startHttpServer, type TestServer } from '../http/http-server.ts';
import type { TlsIdentity } from '../tls-identity.ts';
import { BlobUploads } from './blob-uploads.ts';
import { basicGate, bearerGate, type Gate, openGate } from './registry-auth.ts';
import { registryHandler } from './registry-handler.ts';
import type { RegistryQuirks } from './registry-quirks.ts';
import { RegistryStore } from './registry-store.ts';
import { startTokenIssuer, type TokenIssuer } from './token-issuer.ts';

export interface RegistryOptions {
  readonly auth?: RegistryAuth;
  readonly tls?: TlsIdentity;
  readonly faults?: readonly Fault[];
  /** A directory whose files are named by the hex digest of their content (`blobs/sha256` of an OCI layout); see `seedFromDirectory`. */
  readonly blobsFrom?: string;
  /** Offers the referrers API; default true. Without it the endpoint answers 404, as before distribution 3. */
  readonly referrers?: boolean;
  /** The most tags on one page, however many are asked for; default: no limit. */
  readonly tagsPerPage?: number;
  /** The most referrers on one page; default: no limit. */
  readonly referrersPerPage?: number;
  /** What a product does otherwise. */
  readonly quirks?: RegistryQuirks;
}

export type RegistryAuth =
  | (Credentials & { readonly kind: 'basic' })
  | (Credentials & {
      readonly kind: 'bearer';
      /** Seconds; default 300. */
      readonly tokenLifetime?: number;
      /** Everybody may pull, with a token. */
      readonly anonymousPull?: boolean;
    });

/** A running registry. `host` is what stands before the first slash of an image reference. */
export interface TestRegistry extends TestServer {
  /** Puts an image in place without HTTP, children first. Without a tag it is there by digest only. */
  seedImage(repository: string, tag: string | undefined, image: TestImage): Descriptor;
  /** Puts a graph in place whose bytes stay in `blobsFrom`. */
  seedFromDirectory(repository: string, tag: string | undefined, root: Descriptor): Promise<void>;
  deleteTag(repository: string, tag: string): void;
  /** What a disk does that goes bad: whatever names the blob stays. */
  loseBlob(repository: string, digest: Digest): void;
  /** What a tag points to now. */
  tagged(repository: string, tag: string): Digest | undefined;
  hasBlob(repository: string, digest: Digest): boolean;
  hasManifest(repository: string, digest: Digest): boolean;
  /** Uploads that were begun and neither finished nor cancelled. */
  readonly openUploads: number;
  /** The token service's own log; empty without bearer authentication. */
  readonly tokenRequests: readonly AccessLogEntry[];
  /** Adds a fault to the token service. */
  addTokenFault(fault: Fault): void;
  /** Every token given so far is refused from now on. */
  expireTokens(): void;
}

/** Starts a registry that speaks the OCI distribution-spec and enforces its rules (see the package's README). */
export async function startRegistry(options: RegistryOptions = {}): Promise<TestRegistry> {
  const store = new RegistryStore(options.blobsFrom);
  const uploads = new BlobUploads(store, options.quirks);
  const tokens = await tokenIssuer(options);
  const handler = registryHandler(store, uploads, gateFor(options.auth, tokens), options);
  const server = await startHttpServer(handler, {
    ...(options.tls && { tls: options.tls }),
    ...(options.faults && { faults: options.faults }),
  });
  return registryOver(server, store, uploads, tokens);
}

async function tokenIssuer({ auth, tls }: RegistryOptions): Promise<TokenIssuer | undefined> {
  return auth?.kind === 'bearer' ? startTokenIssuer({ ...auth, ...(tls && { tls }) }) : undefined;
}

function gateFor(auth: RegistryAuth | undefined, tokens: TokenIssuer | undefined): Gate {
  if (tokens !== undefined) return bearerGate(tokens);
  return auth === undefined ? openGate : basicGate(auth);
}

/** What tests ask of a registry, over its parts. */
export function registryOver(
  server: TestServer,
  store: RegistryStore,
  uploads: BlobUploads,
  tokens: TokenIssuer | undefined,
): TestRegistry {
  const close = async (): Promise<void> => {
    await Promise.all([server.close(), tokens?.server.close()]);
  };
  return {
    ...server,
    close,
    [Symbol.asyncDispose]: close,
    seedImage: (repository, tag, image) => store.seedImage(repository, tag, image),
    seedFromDirectory: (repository, tag, root) => store.seedFromDirectory(repository, tag, root),
    deleteTag: (repository, tag) => void store.get(repository).tags.delete(tag),
    loseBlob: (repository, digest) => void store.get(repository).blobs.delete(digest),
    tagged: (repository, tag) => store.find(repository)?.tags.get(tag),
    hasBlob: (repository, digest) => store.find(repository)?.blobs.has(digest) ?? false,
    hasManifest: (repository, digest) => store.find(repository)?.manifests.has(digest) ?? false,
    get openUploads(): number {
      return uploads.open;
    },
    tokenRequests: tokens?.server.requests ?? [],
    addTokenFault: (fault) => tokens?.server.addFault(fault),
    expireTokens: () => tokens?.expireTokens(),
  };
}
