import { expect, it } from 'vitest';
import { readEnvironment } from './environment.ts';

it.each([
  [{ HOME: '/home/a' }, ['/home/a/.docker/config.json']],
  [
    { HOME: '/home/a', DOCKER_CONFIG: '/d', REGISTRY_AUTH_FILE: '/r.json', XDG_RUNTIME_DIR: '/run/user/1' },
    ['/d/config.json', '/r.json', '/run/user/1/containers/auth.json'],
  ],
  [
    { HOME: '/home/a', REGISTRY_AUTH_FILE: '', XDG_RUNTIME_DIR: '/run/user/1' },
    ['/home/a/.docker/config.json', '/run/user/1/containers/auth.json'],
  ],
])('credentials stand in the Docker config first, then where podman and skopeo look: %j', (env, files) => {
  expect(readEnvironment(env).credentialFiles).toEqual(files);
});
