import { describe, expect, it } from 'vitest';
import { CONTAINERD_MARK, containerdHosts, mirrorUrl } from './containerd-hosts.ts';

describe('hosts.toml', () => {
  it('has the form that containerd pulls with', () => {
    const mirror = { url: 'http://127.0.0.1:5000', path: '{host}/{path}' };
    expect(containerdHosts('docker.io', mirror)).toBe(
      `${CONTAINERD_MARK}
server = "https://registry-1.docker.io"

[host."http://127.0.0.1:5000/v2/docker.io"]
  capabilities = ["pull", "resolve"]
  override_path = true
`,
    );
  });

  it('says whose certificate is trusted, and that the node needs one of its own', () => {
    const text = containerdHosts('quay.io', {
      url: 'https://registry.plant.example',
      path: 'mirror/{host}/{path}',
      ca: 'ca "1".pem',
      wantsClientCertificate: true,
    });
    expect(text).toContain('server = "https://quay.io"\n');
    expect(text).toContain('[host."https://registry.plant.example/v2/mirror/quay.io"]\n');
    expect(text).toContain('  ca = "ca \\"1\\".pem"\n');
    expect(text).toContain('client certificate');
    expect(text).not.toContain('skip_verify');
  });

  it('skips the check only where that was said', () => {
    const mirror = { url: 'https://r.example', path: '{path}', skipVerify: true };
    expect(containerdHosts('quay.io', mirror)).toContain('  skip_verify = true\n');
  });
});

it.each([
  ['docker.io', '{host}/{path}', 'https://r.example/v2/docker.io'],
  ['127.0.0.1:5000', '{host}/{path}', 'https://r.example/v2/127.0.0.1-5000'],
  ['ghcr.io', 'team/mirror-{host}/{path}', 'https://r.example/v2/team/mirror-ghcr.io'],
  ['ghcr.io', 'mirror/{path}', 'https://r.example/v2/mirror'],
  ['ghcr.io', '{path}', 'https://r.example/v2'],
])('images of %s under %s are at %s', (upstream, path, url) => {
  expect(mirrorUrl(upstream, { url: 'https://r.example', path })).toBe(url);
});

it.each(['{path}/{host}', 'all/{name}', '{host}-{path}', '{name}/{path}'])(
  'refuses the template %s, which no mirror can follow',
  (path) => {
    expect(() => mirrorUrl('ghcr.io', { url: 'https://r.example', path })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    );
  },
);
