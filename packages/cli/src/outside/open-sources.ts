import { join } from 'node:path';
import type { Sources } from '@gapferry/core';
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
  const ca =
    environment.caFile === undefined
      ? undefined
      : await readNamedFile(environment.caFile, 'the certificates in GAPFERRY_CA:');
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
      workDirectory: join(directory, 'work', 'git'),
    }),
    file: fileSource(http),
    close: () => http.close(),
  };
}
