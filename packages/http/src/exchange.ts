import { GapferryError, type Run } from '@gapferry/core';
import { ask, askTokenService, authorizationIn, type ExchangeParts, type ExchangeRequest } from './ask.ts';
import { secretsOf } from './basic.ts';
import type { HostRules } from './host-rules.ts';
import { badRedirect, changesSomething, headersElsewhere, isRedirect, nextUrl } from './redirects.ts';
import { heldBack, masked, refusal } from './refusal.ts';
import type { AskTokenService } from './token-question.ts';
import { readUpTo, type Trip } from './trip.ts';

/** One try: follows redirects, answers a challenge once per host, and gives the trip whose status the caller accepts. The caller reads or leaves its body. */
export type Exchange = (
  request: ExchangeRequest,
  extraHeaders: Readonly<Record<string, string>>,
  run: Run,
) => Promise<Trip>;

const MOST_REDIRECTS = 5;
const DRAIN_LIMIT = 64 << 10;

export function createExchange(parts: ExchangeParts): Exchange {
  return async (request, extraHeaders, run) => {
    const first = firstUrl(request, parts.rules);
    let url = first;
    for (let hop = 0; ; hop++) {
      const headers = {
        ...(url.host === first.host ? request.headers : headersElsewhere(request)),
        ...extraHeaders,
      };
      const trip = await askWithAuthorization(parts, { ...request, headers }, { url, first }, run);
      const location = isRedirect(trip, request) ? trip.headers.get('location') : undefined;
      if (location === undefined) return trip;
      await drain(trip);
      if (hop === MOST_REDIRECTS)
        throw badRedirect(request, url, `redirects more than ${MOST_REDIRECTS} times`);
      url = nextUrl(request, url, location, parts.rules);
    }
  };
}

function firstUrl(request: ExchangeRequest, rules: HostRules): URL {
  const url = URL.parse(request.url);
  const problem =
    !url || !/^https?:$/.test(url.protocol)
      ? 'it is no http or https URL'
      : url.username + url.password !== ''
        ? 'credentials do not belong into a URL'
        : undefined;
  if (!url || problem !== undefined)
    throw new GapferryError({
      code: 'REFERENCE_INVALID',
      message: `the address ${request.url.replace(/[?#].*$/s, '')} of ${request.item} is refused: ${problem}`,
    });
  if (!rules.mayBeAsked(url)) throw foreignHost(url.host, request.item);
  return url;
}

/** The address of an upload session comes from the server: it may lead anywhere. */
export function foreignHost(host: string, item: string): GapferryError {
  return new GapferryError({
    code: 'PROTOCOL_VIOLATION',
    message: `${item} is to be asked of ${host}, which is not among the hosts that may be spoken to here`,
    hint: `if ${host} belongs to them, name it under \`also\` of the target as well`,
    origin: 'source',
    data: { host, item },
  });
}

async function askWithAuthorization(
  parts: ExchangeParts,
  request: ExchangeRequest,
  { url, first }: { readonly url: URL; readonly first: URL },
  run: Run,
): Promise<Trip> {
  const { authorizer } = parts;
  const { item, scope } = request;
  const askService: AskTokenService = (question) => askTokenService(parts, item, question, run);
  const own = authorizationIn(request.headers);
  if (own !== undefined && !isSignature(own) && !parts.rules.mayCarryCredentials(url))
    throw heldBack({ item, url });
  // Where a redirect leads, credentials are for whoever asks for them: the address may be a signed one, and it was not chosen by who has them.
  const known =
    url.host === first.host
      ? () => authorizer.known({ url, item, scope }, askService)
      : async () => undefined;
  let sent = own ?? (await withTokenTries(request, run, known));
  let trip = await ask(parts, request, url, sent, run);
  if (trip.status === 401 && own === undefined) {
    // Its place is given back first: the token service may be the same host.
    trip = await detach(trip);
    const challenge = trip.headers.get('www-authenticate');
    const refused = { url, item, scope, challenge, sent };
    const better = await withTokenTries(request, run, () => authorizer.answer(refused, askService));
    if (better !== undefined) {
      sent = better;
      trip = await ask(parts, request, url, sent, run);
    }
  }
  if ((request.accept ?? [200]).includes(trip.status) || isRedirect(trip, request))
    return trip.status < 400 ? trip : detach(trip, secretsOf(sent));
  throw await refusal(trip, {
    item,
    url,
    credentials: await authorizer.use({ url, scope }),
    changes: changesSomething(request),
    secrets: secretsOf(sent),
  });
}

/** AWS Signature Version 4: it is good for this one question, and does not give away what it was made with. */
function isSignature(authorization: string): boolean {
  return /^AWS4-/i.test(authorization);
}

/** A token service that failed is asked again where the question itself is not. */
async function withTokenTries<T>(
  { tokenTries }: ExchangeRequest,
  run: Run,
  token: () => Promise<T>,
): Promise<T> {
  for (;;) {
    try {
      return await token();
    } catch (error) {
      if (tokenTries === undefined) throw error;
      await tokenTries.failed(error, run);
    }
  }
}

/** Takes a small answer off the wire. Its head is what counts: a connection may be cut because the body of the question was not sent to its end. Whoever judges a refusal repeats its
 *  words: what was sent must not be among them. */
async function detach(trip: Trip, secrets: readonly string[] = []): Promise<Trip> {
  const body = await readUpTo(trip, DRAIN_LIMIT).catch(() => Buffer.alloc(0));
  return {
    ...trip,
    bytes: (async function* () {
      yield Buffer.from(masked(body.toString('utf8'), secrets));
    })(),
  };
}

/** Reads the rest of an answer nobody wants, so that its connection can be used again. */
async function drain(trip: Trip): Promise<void> {
  await readUpTo(trip, DRAIN_LIMIT).catch(() => undefined);
}
