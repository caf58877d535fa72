import type { GapferryError } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { parseBundleConfig } from './bundle-config.ts';
import type { Problem } from './problems.ts';

const HEAD = 'format: gapferry.bundle/1\nname: line-a\nimages: [nginx]\n';

function problemsOf(hosts: string): string[] {
  try {
    parseBundleConfig(`${HEAD}hosts: ${hosts}`, 'bundle.yaml', (url) => url);
  } catch (error) {
    return ((error as GapferryError).data['problems'] as Problem[]).map(
      ({ path, message, line, column }) => `${line}:${column}: ${path}: ${message}`,
    );
  }
  return [];
}

describe('hosts in bundle.yaml', () => {
  it('say where else to ask and how to speak to them', () => {
    const { hosts } = parseBundleConfig(
      `${HEAD}hosts:
  docker.io: {mirrors: [Mirror.example/dockerhub, "mirror2.example:5000/Raw/GitHub"], requestsPerSecond: 0.5}
  Registry.Lab:5000: {ca: certs/ca.pem, cert: certs/me.pem, key: certs/me.key, connections: 4}
  git.example: {ssh: {key: keys/id_ed25519, knownHosts: keys/known_hosts}}
`,
      'bundle.yaml',
      (url) => url,
    );
    expect([...hosts]).toEqual([
      [
        'docker.io',
        { mirrors: ['mirror.example/dockerhub', 'mirror2.example:5000/Raw/GitHub'], requestsPerSecond: 0.5 },
      ],
      [
        'registry.lab:5000',
        { mirrors: [], ca: 'certs/ca.pem', cert: 'certs/me.pem', key: 'certs/me.key', connections: 4 },
      ],
      ['git.example', { mirrors: [], ssh: { key: 'keys/id_ed25519', knownHosts: 'keys/known_hosts' } }],
    ]);
  });

  it.each([
    [
      '{a.example: {mirrors: ["https://m.example"]}}',
      '4:31: hosts.a.example.mirrors[0]: must be host or host/prefix, without https://',
    ],
    [
      '{a.example: {cert: c.pem}}',
      '4:20: hosts.a.example: a client certificate has two files: "cert" and "key"',
    ],
    ['{a.example: {connections: 0}}', '4:34: hosts.a.example.connections: must be at least 1'],
    [
      '{a.example: {mirors: [m]}}',
      '4:21: hosts.a.example.mirors: is not known here; did you mean "mirrors"?',
    ],
    ['{"https://a.example": {}}', '4:9: hosts.https://a.example: must be host or host:port'],
    ['{a.example: {}, A.example: {}}', '4:35: hosts.A.example: is the same host as a.example'],
  ])('are refused where they say nothing good: %s', (hosts, problem) => {
    expect(problemsOf(hosts)).toContain(problem);
  });
});
