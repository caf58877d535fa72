import { type AgentOptions, type ClientRequestArgs, Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent, type RequestOptions } from 'node:https';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { getCACertificates, type TLSSocket } from 'node:tls';
import { type HostRules, hostWithPort } from './host-rules.ts';
import type { SettingsFor } from './host-settings.ts';
import type { HttpClientOptions } from './http-client.ts';
import { withLateWriteErrors } from './late-write-error.ts';
import type { DialPlan } from './pour-protocol.ts';
import {
  type PresentedCertificate,
  watchRefusedCertificate,
  withPresented,
} from './presented-certificate.ts';
import { createProxyChoice } from './proxy-choice.ts';

export interface Agents {
  /** The agent that may carry a request to this URL. */
  forUrl(url: URL): HttpAgent;
  /** How to connect without an agent, by the same rules; undefined where a proxy stands in between. */
  dialTo(url: URL): DialPlan | undefined;
  /** The failure of a trip to the URL, with the certificate that the host presented where that was not taken. */
  explained(url: URL, error: unknown): unknown;
  close(): void;
}

type Dialled = (error: Error | null, stream: Duplex) => void;
type Route = <T extends ClientRequestArgs>(options: T) => T;

/** One keep-alive agent per origin: each may have its own authority, client certificate and way through a proxy. */
export function createAgents(options: HttpClientOptions, rules: HostRules, settingsFor: SettingsFor): Agents {
  const route = createRoute(options.connectTo ?? new Map());
  const connectMs = options.connectTimeoutMs ?? 15_000;
  const usesProxy = createProxyChoice(options.proxyEnv ?? {});
  const agents = new Map<string, HttpAgent>();
  const refused = new Map<string, PresentedCertificate>();
  const tlsFor = (url: URL): TlsTrust => {
    const { ca, cert, key } = settingsFor(url);
    return {
      ...trustOf(options.ca, ca),
      ...(cert !== undefined && key !== undefined && { cert, key }),
      rejectUnauthorized: !rules.isInsecure(url),
    };
  };
  const create = (url: URL): HttpAgent => {
    const common = {
      keepAlive: true,
      maxFreeSockets: settingsFor(url).connections ?? options.perHost ?? 8,
      scheduling: 'lifo' as const,
      // Whether there is a proxy for it was decided: what else the agent would look at is left out.
      ...(usesProxy(url) && { proxyEnv: { ...options.proxyEnv, NO_PROXY: '', no_proxy: '' } }),
    };
    if (url.protocol === 'http:') return new RoutedHttpAgent(common, route, connectMs);
    return new RoutedHttpsAgent(
      { ...common, ...tlsFor(url) },
      {
        route,
        connectMs,
        secured: (validTo) => options.witness?.secured(url.host, { validTo }),
        refused: (certificate) => void refused.set(url.origin, certificate),
      },
    );
  };
  return {
    forUrl(url) {
      const agent = agents.get(url.origin) ?? create(url);
      agents.set(url.origin, agent);
      return agent;
    },
    dialTo: (url) => (usesProxy(url) ? undefined : dialPlan(url, options, tlsFor(url), connectMs)),
    explained: (url, error) =>
      withPresented(error, refused.get(url.origin), [options.ca, settingsFor(url).ca]),
    close: () => agents.forEach((agent) => void agent.destroy()),
  };
}

type TlsTrust = { ca?: string[]; cert?: string; key?: string; rejectUnauthorized: boolean };

/** Trust of a TLS connection: the system's certificates, and the given ones besides them. */
function trustOf(...given: ReadonlyArray<string | undefined>): { ca?: string[] } {
  const ca = given.filter((pem) => pem !== undefined);
  return ca.length === 0 ? {} : { ca: [...getCACertificates('default'), ...ca] };
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

function dialPlan(url: URL, client: HttpClientOptions, trust: TlsTrust, connectMs: number): DialPlan {
  const here = hostWithPort(url);
  const to = { ...splitHostPort(client.connectTo?.get(here) ?? here), connectMs };
  if (url.protocol === 'http:') return to;
  const { host } = splitHostPort(here);
  // Without a name the certificate is compared with the address that was dialled.
  const named = isIP(host) === 0 ? { servername: host } : {};
  return { ...to, tls: { ...trust, ...named } };
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
    return socket && limitDialling(withLateWriteErrors(socket), 'connect', this.#connectMs);
  }
}

interface Securing {
  readonly route: Route;
  readonly connectMs: number;
  /** Told when the certificate of the host ends. */
  readonly secured: (validTo: Date) => void;
  /** Told of a certificate that was not taken. */
  readonly refused: (certificate: PresentedCertificate) => void;
}

class RoutedHttpsAgent extends HttpsAgent {
  readonly #securing: Securing;

  constructor(options: AgentOptions & TlsTrust, securing: Securing) {
    super(options);
    this.#securing = securing;
  }

  override createConnection(options: RequestOptions, dialled?: Dialled): Duplex | null | undefined {
    const { route, connectMs, secured, refused } = this.#securing;
    const socket = super.createConnection(route(options), dialled);
    if (socket) watchRefusedCertificate(socket, refused);
    socket?.once('secureConnect', () => {
      // Empty where an earlier session goes on.
      const validTo = Date.parse((socket as TLSSocket).getPeerCertificate().valid_to ?? '');
      if (!Number.isNaN(validTo)) secured(new Date(validTo));
    });
    return socket && limitDialling(withLateWriteErrors(socket), 'secureConnect', connectMs);
  }
}

/** Ends a connection that does not stand in time, with the code the system uses when it notices by itself. */
function limitDialling<S extends Duplex>(socket: S, stands: 'connect' | 'secureConnect', ms: number): S {
  const late = Object.assign(new Error(`no connection within ${ms} ms`), { code: 'ETIMEDOUT' });
  const timer = setTimeout(() => socket.destroy(late), ms);
  const stop = (): void => clearTimeout(timer);
  return socket.once(stands, stop).once('close', stop);
}
