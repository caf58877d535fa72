import { createAgents } from './agents.ts';
import { createAuthorizer } from './authorizer.ts';
import { createExchange } from './exchange.ts';
import { createHostRules } from './host-rules.ts';
import { createHostSettings } from './host-settings.ts';
import type { HttpClient, HttpClientOptions } from './http-client.ts';
import { createOrigins } from './origins.ts';
import { createPatience } from './patience.ts';
import { createPourPool } from './pour-pool.ts';
import { pouredBody } from './poured-body.ts';
import { resumedBody } from './resumed-body.ts';
import { sendOnce } from './send-once.ts';
import { createSlots } from './slots.ts';
import { createTries, type Tries } from './tries.ts';
import { createWaiting } from './waiting.ts';
import { askWhole } from './whole-answer.ts';

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
    patienceFor: createPatience(options),
    userAgent: options.userAgent ?? 'gapferry',
    ...(options.witness !== undefined && { witness: options.witness }),
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
