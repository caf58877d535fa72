import type { Run } from '@gapferry/core';
import { splitHostPort } from './agents.ts';
import { foreignHost } from './exchange.ts';
import { type HostRules, hostWithPort, isLoopback } from './host-rules.ts';
import type { HttpClient, HttpClientOptions } from './http-client.ts';
import { speaksTls } from './tls-probe.ts';

const PROBE_MS = 3000;
/** Where nobody answered is not asked again for so long: each look can take all of its time. */
const SILENT_MS = 30_000;

interface Probe {
  readonly answer: Promise<boolean | undefined>;
  /** Since when it is known that there was no answer, in milliseconds of the monotonic clock. */
  silentSince?: number;
}

/** Chooses a scheme once per host. Only where plain HTTP would be acceptable is it looked whether the host speaks TLS: nobody can talk an https host down. */
export function createOrigins(options: HttpClientOptions, rules: HostRules): HttpClient['origin'] {
  const known = new Map<string, Probe>();
  const look = (secure: URL, run: Run): Probe => {
    const probe: Probe = { answer: ask(secure, options, run) };
    void probe.answer.then((tls) => {
      if (run.signal.aborted) known.delete(secure.host);
      else if (tls === undefined) probe.silentSince = performance.now();
    });
    known.set(secure.host, probe);
    return probe;
  };
  return async (host, run) => {
    const secure = new URL(`https://${host}`);
    if (!rules.mayBeAsked(secure)) throw foreignHost(host, host);
    if (!isLoopback(secure.hostname) && !rules.isInsecure(secure)) return secure.origin;
    const found = known.get(secure.host);
    const probe = found === undefined || isOld(found) ? look(secure, run) : found;
    return (await probe.answer) ? secure.origin : `http://${host}`;
  };
}

function isOld({ silentSince }: Probe): boolean {
  return silentSince !== undefined && performance.now() - silentSince > SILENT_MS;
}

function ask(url: URL, options: HttpClientOptions, run: Run): Promise<boolean | undefined> {
  const port = hostWithPort(url);
  const to = splitHostPort(options.connectTo?.get(port) ?? port);
  return speaksTls(to, Math.min(options.connectTimeoutMs ?? PROBE_MS, PROBE_MS), run);
}
