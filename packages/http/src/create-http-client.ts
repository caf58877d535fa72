import type { Run } from '@gapferry/core';
import { createAgents, splitHostPort } from './agents.ts';
import { createAuthorizer } from './authorizer.ts';
import { createExchange, foreignHost } from './exchange.ts';
import { createHostRules, type HostRules, hostWithPort, isLoopback } from './host-rules.ts';
import { createHostSettings } from './host-settings.ts';
import type { HttpClient, HttpClientOptions } from './http-client.ts';
import { createPourPool } from './pour-pool.ts';
import { pouredBody } from './poured-body.ts';
import { resumedBody } from './resumed-body.ts';
import { sendOnce } from './send-once.ts';
import { createSlots } from './slots.ts';
import { speaksTls } from './tls-probe.ts';
import { createTries, type Tries } from './tries.ts';
import { createWaiting } from './waiting.ts';
import { askWhole } from './whole-answer.ts';

const PROBE_MS = 3000;

export function createHttpClient(options: HttpClientOptions = {}): HttpClient {
  const rules = createHostRules(options);
  const settingsFor = createHostSettings(options.hosts);
  const agents = createAgents(options, rules, settingsFor);
  const waiting = createWaiting(options.wait);
  const exchange = createExchange({
    agents,
    rules,
    authorizer: createAuthorizer(options, rules),
    takeSlot: createSlots(options.perHost ?? 8, settingsFor, waiting),
    patience: {
      idleMs: options.idleTimeoutMs ?? 60_000,
      leastBytes: options.leastBytes ?? 1024,
      answerMs: options.answerTimeoutMs ?? 300_000,
    },
    userAgent: options.userAgent ?? 'gapferry',
  });
  const pool = createPourPool();
  const random = options.random ?? Math.random;
  const triesFor = (item: string, url: string): Tries =>
    createTries(item, URL.parse(url)?.host ?? '', { waiting, random });
  return {
    request: (request, run) => askWhole(exchange, request, triesFor(request.item, request.url), run),
    send: (request, run) => sendOnce(exchange, request, triesFor(request.item, request.url), run),
    body: (request, from, run) =>
      resumedBody(exchange, request, from, triesFor(request.item, request.url), run),
    pour: (request, into, run) =>
      pouredBody(exchange, pool, request, into, triesFor(request.item, request.url), run),
    origin: createOrigins(options, rules),
    close() {
      agents.close();
      pool.close();
    },
  };
}

/** Chooses a scheme once per host. Only where plain HTTP would be acceptable is it looked whether the host speaks TLS: nobody can talk an https host down. */
function createOrigins(options: HttpClientOptions, rules: HostRules): HttpClient['origin'] {
  const known = new Map<string, string>();
  return async (host, run) => {
    const secure = new URL(`https://${host}`);
    if (!rules.mayBeAsked(secure)) throw foreignHost(host, host);
    if (!isLoopback(secure.hostname) && !rules.isInsecure(secure)) return secure.origin;
    const found = known.get(host);
    if (found !== undefined) return found;
    const tls = await probe(secure, options, run);
    const origin = tls ? secure.origin : `http://${host}`;
    if (tls !== undefined) known.set(host, origin);
    return origin;
  };
}

async function probe(url: URL, options: HttpClientOptions, run: Run): Promise<boolean | undefined> {
  const port = hostWithPort(url);
  return speaksTls(
    splitHostPort(options.connectTo?.get(port) ?? port),
    options.connectTimeoutMs ?? PROBE_MS,
    run,
  );
}
