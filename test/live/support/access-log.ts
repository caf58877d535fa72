/** One request, as a server that is not ours wrote it down (Apache's combined format). */
export interface Access {
  readonly method: string;
  /** Path with query. */
  readonly path: string;
  readonly status: number;
  /** Bytes of the answer's body that were sent. */
  readonly bytes: number;
  readonly agent: string;
}

const LINE = /^127\.0\.0\.1 - \S+ \[[^\]]+\] "(\S+) (\S+) [^"]*" (\d{3}) (\d+|-) "[^"]*" "([^"]*)"/;

/** Those lines of a log that tell of a request. */
export function readAccesses(log: string): Access[] {
  return log.split('\n').flatMap((line) => {
    const [, method = '', path = '', status, bytes, agent = ''] = LINE.exec(line) ?? [];
    return status === undefined
      ? []
      : [{ method, path, status: Number(status), bytes: Number(bytes) || 0, agent }];
  });
}
