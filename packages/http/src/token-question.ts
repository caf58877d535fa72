import type { Trip } from './trip.ts';

/** What a token is wanted for. */
export interface AuthorizedTrip {
  readonly url: URL;
  readonly item: string;
  readonly scope: string | undefined;
}

/** One question to a token service. */
export interface TokenQuestion {
  readonly url: URL;
  readonly authorization?: string | undefined;
  /** Sent by POST; a GET otherwise. Has a secret in it. */
  readonly form?: URLSearchParams;
}

/** Asks a token service once: no retry, no challenge and no redirect followed. */
export type AskTokenService = (question: TokenQuestion) => Promise<Trip>;
