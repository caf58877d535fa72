/** One call of a recorded method. */
export interface RecordedCall {
  readonly method: string;
  readonly args: readonly unknown[];
}

export interface Recording<T extends object> {
  /** Behaves like the original. */
  readonly object: T;
  /** Calls in the order in which they began. */
  readonly calls: readonly RecordedCall[];
  /** Names of the methods that were called, in order. */
  methods(): string[];
}

/** Wraps an object so that every call of its methods is noted. Objects that methods return (open files) are recorded into the same list
 *  when `follow` names the method; their calls are written `open.sync`. */
export function recordCalls<T extends object>(original: T, follow: readonly string[] = []): Recording<T> {
  const calls: RecordedCall[] = [];
  const object = recorded(original, '', calls, new Set(follow));
  return { object, calls, methods: () => calls.map(({ method }) => method) };
}

function recorded<T extends object>(
  original: T,
  prefix: string,
  calls: RecordedCall[],
  follow: ReadonlySet<string>,
): T {
  return new Proxy(original, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function' || typeof property === 'symbol') return value;
      const method = prefix + property;
      return (...args: unknown[]): unknown => {
        calls.push({ method, args });
        const result: unknown = Reflect.apply(value, target, args);
        return follow.has(property) ? wrapResult(result, `${method}.`, calls, follow) : result;
      };
    },
  });
}

function wrapResult(
  result: unknown,
  prefix: string,
  calls: RecordedCall[],
  follow: ReadonlySet<string>,
): unknown {
  if (result instanceof Promise) return result.then((value) => wrapResult(value, prefix, calls, follow));
  return typeof result === 'object' && result !== null ? recorded(result, prefix, calls, follow) : result;
}
