import { Agent } from 'node:http';
import { describe, expect, it } from 'vitest';
import { createProxyChoice, type ProxyEnvironment } from './proxy-choice.ts';

const PROXY = 'http://proxy.test:3128';
const usesProxy = (url: string, env: ProxyEnvironment): boolean => createProxyChoice(env)(new URL(url));

/** What Node's own agent would do: it keeps its decision behind a symbol. */
function nodeUsesProxy(url: URL, noProxy: string): boolean {
  const agent = new Agent({ proxyEnv: { http_proxy: PROXY, no_proxy: noProxy } } as never);
  const [config] = Object.getOwnPropertySymbols(agent)
    .map((symbol) => (agent as never as Record<symbol, unknown>)[symbol])
    .filter((value) => value instanceof Object && 'shouldUseProxy' in value);
  const { shouldUseProxy } = config as { shouldUseProxy: (host: string, port: number) => boolean };
  return shouldUseProxy.call(config, url.hostname.replace(/^\[(.*)\]$/, '$1'), Number(url.port || 80));
}

describe('NO_PROXY', () => {
  it.each([
    'a.test',
    'sub.a.test',
    'xa.test',
    'a.test:8080',
    'sub.a.test:8080',
    '10.1.2.3',
    '192.168.1.20:81',
    '[::1]:5000',
  ])('means for %s what it means to Node', (host) => {
    const url = new URL(`http://${host}/x`);
    for (const entry of [
      '*',
      'A.test',
      '.a.test',
      '*.a.test',
      'a.test:8080',
      'a.test:80',
      '10.1.2.3',
      '10.0.0.0-10.255.255.255',
      '192.168.1.1-192.168.1.19, 192.168.1.20',
      '::1',
      'b.test,, .c.test',
      '',
    ]) {
      // The one thing that goes further here: a domain without a dot stands for what is below it.
      if (/^a\.test/i.test(entry) && host.startsWith('sub.')) continue;
      expect([entry, usesProxy(url.href, { http_proxy: PROXY, no_proxy: entry })]).toEqual([
        entry,
        nodeUsesProxy(url, entry),
      ]);
    }
  });

  it.each([
    ['a.test', 'http://sub.a.test/', false],
    ['a.test', 'http://xa.test/', true],
    ['a.test:8080', 'http://sub.a.test:8080/', false],
    ['a.test:8080', 'http://sub.a.test/', true],
    ['10.0.0.0/8', 'http://10.200.3.4/', false],
    ['10.0.0.0/8', 'http://11.0.0.1/', true],
    ['10.0.0.0/8', 'http://10.example.test/', true],
    ['fd00::/8', 'http://[fd12::1]/', false],
    ['[::1]:5000', 'http://[::1]:5000/', false],
    ['10.0.0.0/99', 'http://10.0.0.1/', true],
  ])('%s knows domains and networks as curl and Go do: %s', (noProxy, url, expected) => {
    expect(usesProxy(url, { http_proxy: PROXY, NO_PROXY: noProxy })).toBe(expected);
  });
});

it.each([
  [{ HTTP_PROXY: PROXY }, 'http://a.test', true],
  [{ HTTP_PROXY: PROXY }, 'https://a.test', false],
  [{ https_proxy: PROXY }, 'https://a.test', true],
  [{ http_proxy: '', HTTP_PROXY: PROXY }, 'http://a.test', true],
  [{ http_proxy: 'socks5://proxy.test' }, 'http://a.test', false],
  [{ http_proxy: PROXY, no_proxy: 'b.test', NO_PROXY: 'a.test' }, 'http://a.test', true],
  [{}, 'http://a.test', false],
] as Array<[ProxyEnvironment, string, boolean]>)(
  'with %j a request to %s uses a proxy: %s',
  (env, url, expected) => {
    expect(usesProxy(url, env)).toBe(expected);
  },
);
