import type { ConnectionOptions } from 'node:tls';

/** Where and how to connect: data that can be sent to a worker. */
export interface DialPlan {
  readonly host: string;
  readonly port: number;
  /** Absent: plain HTTP. */
  readonly tls?: Pick<ConnectionOptions, 'servername' | 'rejectUnauthorized'> & {
    readonly ca?: string[];
    readonly cert?: string;
    readonly key?: string;
  };
  /** Milliseconds until the connection must stand. */
  readonly connectMs: number;
}

/** To the worker. A session is one file that grows, and its hash; it has one trip at a time. */
export type PourCommand =
  /** The first `from` bytes of the file are hashed. Answered with `opened` or `failed`. */
  | { readonly kind: 'open'; readonly session: number; readonly fd: number; readonly from: number }
  /** Answered with `head`, `odd` or `failed`. */
  | { readonly kind: 'ask'; readonly session: number; readonly to: DialPlan; readonly question: string }
  /** Drops `skip` bytes of the body and appends the rest. Answered with `bytes` now and then, and at last with `ended` or `failed`. */
  | { readonly kind: 'take'; readonly session: number; readonly skip: number }
  /** Ends the trip, if there is one. Answered with `left`: the file is not written to any more. */
  | { readonly kind: 'leave'; readonly session: number }
  /** Answered with `closed`; the session is gone and the file is not touched any more. */
  | { readonly kind: 'close'; readonly session: number };

/** From the worker. */
export type PourAnswer =
  | { readonly kind: 'opened'; readonly session: number }
  | {
      readonly kind: 'head';
      readonly session: number;
      readonly status: number;
      readonly headers: ReadonlyMap<string, string>;
    }
  /** The answer is not of the plain kind: see `parseRawHead`. The trip has ended. */
  | { readonly kind: 'odd'; readonly session: number }
  /** So many bytes more are in the file. */
  | { readonly kind: 'bytes'; readonly session: number; readonly bytes: number }
  /** The whole body of the answer has come. */
  | { readonly kind: 'ended'; readonly session: number }
  | {
      readonly kind: 'failed';
      readonly session: number;
      readonly of: 'trip' | 'file';
      readonly error: Failure;
    }
  | { readonly kind: 'left'; readonly session: number }
  /** `digest`: sha256 of the file, in hex; absent when a write failed. */
  | { readonly kind: 'closed'; readonly session: number; readonly digest?: string };

/** What is left of an error on its way between threads. */
export interface Failure {
  readonly message: string;
  readonly code?: string;
  readonly syscall?: string;
}
