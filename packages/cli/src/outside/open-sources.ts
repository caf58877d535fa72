import { resolve } from 'node:path';
import { GapferryError, type Sources } from '@gapferry/core';
import { childEnvironment, type Environment, readNamedFile } from '../environment.ts';
import { dockerCredentials } from './docker-credentials.ts';

export interface OpenSources extends Sources {
  /** Closes idle connections. */
  close(): void;
}

/** Wires one source per kind to one HTTP client. `directory` is the depot: mirrors of Git repositories are kept in its `work` folder between runs. */
export async function openSources(
  environment: Environment,
  insecure: readonly string[],
  directory: string,
): Promise<OpenSources> {
  const [
    { createHttpClient },
    { createOciClient, imageSource },
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
    credentials: dockerCredentials(environment.dockerConfig),
    insecure,
    connectTo: environment.connectTo,
    ...(ca !== undefined && { ca }),
  };
  const http = createHttpClient({ ...remote, proxyEnv: environment.proxy, userAgent: 'gapferry' });
  const registry = createOciClient(http);
  return {
    image: imageSource(registry),
    chart: chartSource({ http, oci: registry }),
    git: gitSource({
      ...remote,
      git: createGit({ environment: childEnvironment() }),
      // Absolute: git works elsewhere.
      workDirectory: resolve(directory, 'work', 'git'),
    }),
    file: fileSource(http),
    close: () => http.close(),
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
