import { dirname, join, resolve } from 'node:path';
import { GapferryError, type Sources } from '@gapferry/core';
import { systemClock } from '../clock.ts';
import { childEnvironment, type Environment, readNamedFile } from '../environment.ts';
import { dockerCredentials } from './docker-credentials.ts';
import { fileLookupCache } from './file-lookup-cache.ts';
import type { BundleFiles } from './read-bundle.ts';

export interface OpenSources extends Sources {
  /** Closes idle connections, and the archives that images were read from. */
  close(): Promise<void>;
}

/** Wires one source per kind to one HTTP client. `directory` is the depot: mirrors of Git repositories, and what was found to belong to images, are kept in its `work` folder between runs.
 *  Archives of images are unpacked there for as long as they are read; their paths start from the directory of bundle.yaml. `refresh`: look again for what belongs to images. */
export async function openSources(
  environment: Environment,
  { config: { insecure, hosts }, file }: Pick<BundleFiles, 'config' | 'file'>,
  directory: string,
  refresh = false,
): Promise<OpenSources> {
  const [
    { createHttpClient },
    { createAttachmentFinder, createOciClient, imageSource, localImages, registryAttachments },
    { chartSource },
    { createGit, gitSource },
    { fileSource },
  ] = await Promise.all([
    import('@gapferry/http'),
    import('@gapferry/oci'),
    import('@gapferry/helm'),
    import('@gapferry/git'),
    import('@gapferry/objects'),
  ]);
  const ca = environment.caFile === undefined ? undefined : await readCertificates(environment.caFile);
  const remote = {
    credentials: dockerCredentials(environment.credentialFiles),
    insecure,
    connectTo: environment.connectTo,
    ...(ca !== undefined && { ca }),
  };
  const http = createHttpClient({ ...remote, proxyEnv: environment.proxy, userAgent: 'gapferry' });
  const registry = createOciClient(http, {
    mirrors: new Map([...hosts].map(([host, { mirrors }]) => [host, mirrors])),
  });
  const cache = fileLookupCache(join(directory, 'work', 'lookups'));
  const attachments = createAttachmentFinder(registry, { cache, clock: systemClock, refresh });
  const local = localImages({
    baseDirectory: dirname(file),
    workDirectory: join(directory, 'work', 'images'),
  });
  return {
    image: imageSource(registry, { attachments, cache, local }),
    chart: chartSource({ http, oci: registry, attachments: registryAttachments(registry, attachments) }),
    git: gitSource({
      ...remote,
      git: createGit({ environment: childEnvironment() }),
      // Absolute: git works elsewhere.
      workDirectory: resolve(directory, 'work', 'git'),
    }),
    file: fileSource(http),
    async close() {
      http.close();
      await local.close();
    },
  };
}

/** What is no certificate would be left out without a word. */
async function readCertificates(file: string): Promise<string> {
  const pem = await readNamedFile(file, 'the certificates in GAPFERRY_CA:');
  if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem;
  throw new GapferryError({
    code: 'USAGE',
    message: `GAPFERRY_CA names ${file}, which holds no certificate in PEM form`,
    hint: 'the file has a line -----BEGIN CERTIFICATE----- for each certificate',
  });
}
