import { type AgentOptions, type ClientRequestArgs, Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent, type RequestOptions } from 'node:https';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { getCACertificates } from 'node:tls';
import { type HostRules, hostWithPort } from './host-rules.ts';
import type { HttpClientOptions } from './http-client.ts';
import type { DialPlan } from './pour-protocol.ts';

export interface Agents {
  /** The agent that may carry a request to this URL. */
  forUrl(url: URL): HttpAgent;
  /** How to connect without an agent, by the same rules; undefined where a proxy stands in between. */
  dialTo(url: URL): DialPlan | undefined;
  close(): void;
}

type Dialled = (error: Error | null, stream: Duplex) => void;
type Route = <T extends ClientRequestArgs>(options: T) => T;

/** Keep-alive agents: one for plain HTTP, one for verified TLS, one for hosts whose certificate is not looked at. */
export function createAgents(options: HttpClientOptions, rules: HostRules): Agents {
  const route = createRoute(options.connectTo ?? new Map());
  const connectMs = options.connectTimeoutMs ?? 15_000;
  const common = {
    keepAlive: true,
    maxFreeSockets: options.perHost ?? 8,
    scheduling: 'lifo' as const,
    ...(options.proxyEnv && { proxyEnv: options.proxyEnv }),
  };
  const plain = new RoutedHttpAgent(common, route, connectMs);
  const verified = new RoutedHttpsAgent({ ...common, ...trustOf(options.ca) }, route, connectMs);
  const unverified = new RoutedHttpsAgent({ ...common, rejectUnauthorized: false }, route, connectMs);
  return {
    forUrl: (url) => (url.protocol === 'http:' ? plain : rules.isInsecure(url) ? unverified : verified),
    dialTo: (url) =>
      namesProxy(options.proxyEnv ?? {}) ? undefined : dialPlan(url, options, rules, connectMs),
    close: () => [plain, verified, unverified].forEach((agent) => void agent.destroy()),
  };
}

/** The command line passes all names, set or not: only a value is a proxy. */
function namesProxy(env: Readonly<Record<string, string | undefined>>): boolean {
  return Object.entries(env).some(([name, value]) => /^https?_proxy$/i.test(name) && (value ?? '') !== '');
}

/** Trust of a TLS connection: the system's certificates, and the given ones besides them. */
export function trustOf(ca: string | undefined): { ca?: string[] } {
  return ca === undefined ? {} : { ca: [...getCACertificates('default'), ca] };
}

/** Where to dial instead of the URL's host and port. The TLS server name was set before from the URL. */
function createRoute(connectTo: ReadonlyMap<string, string>): Route {
  return (options) => {
    const host = options.host ?? 'localhost';
    const other = connectTo.get(
      `${host.includes(':') ? `[${host}]` : host}:${options.port ?? options.defaultPort}`,
    );
    return other === undefined ? options : { ...options, ...splitHostPort(other) };
  };
}

function dialPlan(url: URL, client: HttpClientOptions, rules: HostRules, connectMs: number): DialPlan {
  const here = hostWithPort(url);
  const to = { ...splitHostPort(client.connectTo?.get(here) ?? here), connectMs };
  if (url.protocol === 'http:') return to;
  const { host } = splitHostPort(here);
  // Without a name the certificate is compared with the address that was dialled.
  const named = isIP(host) === 0 ? { servername: host } : {};
  return { ...to, tls: { ...trustOf(client.ca), ...named, rejectUnauthorized: !rules.isInsecure(url) } };
}

/** `host:port` as the two dialling options; IPv6 in brackets. */
export function splitHostPort(text: string): { host: string; port: number } {
  const colon = text.lastIndexOf(':');
  return { host: text.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port: Number(text.slice(colon + 1)) };
}

class RoutedHttpAgent extends HttpAgent {
  readonly #route: Route;
  readonly #connectMs: number;

  constructor(options: AgentOptions, route: Route, connectMs: number) {
    super(options);
    this.#route = route;
    this.#connectMs = connectMs;
  }

  override createConnection(options: ClientRequestArgs, dialled?: Dialled): Duplex | null | undefined {
    const socket = super.createConnection(this.#route(options), dialled);
    return socket && limitDialling(socket, 'connect', this.#connectMs);
  }
}

class RoutedHttpsAgent extends HttpsAgent {
  readonly #route: Route;
  readonly #connectMs: number;

  constructor(
    options: AgentOptions & { ca?: string[]; rejectUnauthorized?: boolean },
    route: Route,
    connectMs: number,
  ) {
    super(options);
    this.#route = route;
    this.#connectMs = connectMs;
  }

  override createConnection(options: RequestOptions, dialled?: Dialled): Duplex | null | undefined {
    const socket = super.createConnection(this.#route(options), dialled);
    return socket && limitDialling(socket, 'secureConnect', this.#connectMs);
  }
}

/** Ends a connection that does not stand in time, with the code the system uses when it notices by itself. */
function limitDialling<S extends Duplex>(socket: S, stands: 'connect' | 'secureConnect', ms: number): S {
  const late = Object.assign(new Error(`no connection within ${ms} ms`), { code: 'ETIMEDOUT' });
  const timer = setTimeout(() => socket.destroy(late), ms);
  const stop = (): void => clearTimeout(timer);
  return socket.once(stands, stop).once('close', stop);
}
