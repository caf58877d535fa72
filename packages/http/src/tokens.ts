import type { Challenge } from './challenge.ts';

/** A bearer token as it is kept between requests. Never leaves the client. */
export interface Token {
  readonly header: string;
  /** `performance.now()` after which it is not used any more: before it expires. */
  readonly until: number;
  /** What it was asked for with, so that the next one can be had before a request is refused. */
  readonly challenge: Challenge;
}

/** Tokens by origin and scope; who wants one that is just being asked for waits for it. */
export interface Tokens {
  /** The last one, live or not. */
  last(key: string): Token | undefined;
  /** A live token that is not the one that was sent, or a new one. */
  fresh(key: string, sent: string | undefined, ask: () => Promise<Token>): Promise<string>;
}

export function createTokens(): Tokens {
  const tokens = new Map<string, Token>();
  const underway = new Map<string, Promise<Token>>();
  return {
    last: (key) => tokens.get(key),
    async fresh(key, sent, ask) {
      const known = tokens.get(key);
      if (known !== undefined && known.header !== sent && isLive(known)) return known.header;
      const pending = underway.get(key) ?? ask();
      underway.set(key, pending);
      try {
        const token = await pending;
        tokens.set(key, token);
        return token.header;
      } finally {
        underway.delete(key);
      }
    },
  };
}

export function isLive(token: Token): boolean {
  return performance.now() < token.until;
}

/** A scope of several repositories is one key: its token is for all of them. */
export function tokenKey(url: URL, scope: string | undefined): string {
  return `${url.origin} ${scope ?? ''}`;
}
