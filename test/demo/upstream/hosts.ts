/** The demo's upstream as bundles/demo/bundle.yaml names it. */
export const HOSTS = {
  registry: 'registry.demo.example',
  charts: 'charts.demo.example',
  git: 'git.demo.example',
  files: 'files.demo.example',
} as const;

export type Role = keyof typeof HOSTS;

/** The value of GAPFERRY_CONNECT_TO that leads from those names to ports of this machine. 443 leads there too: whether a host speaks TLS is asked there. */
export function connectTo(ports: Readonly<Record<Role, number>>): string {
  const roles = Object.keys(HOSTS) as Role[];
  return roles
    .flatMap((role) => [80, 443].map((port) => `${HOSTS[role]}:${port}=127.0.0.1:${ports[role]}`))
    .join(',');
}

/** An environment in which gapferry reaches the upstream and nothing else: no proxy stands between it and the demo. */
export function upstreamEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  value: string,
): Record<string, string | undefined> {
  const kept = Object.entries(env).filter(([name]) => !/^(?:https?|all|no)_proxy$/i.test(name));
  return { ...Object.fromEntries(kept), GAPFERRY_CONNECT_TO: value };
}
