import pLimit from 'p-limit';

/** Answers of one survey by what was asked: nothing is asked twice. A question that failed may be asked again. */
export interface AskOnce {
  /** One of few at a time: an API is no fast one. */
  question<T>(key: string, ask: () => Promise<T>): Promise<T>;
  /** Of what asks questions of its own, which take their turns. */
  once<T>(key: string, ask: () => Promise<T>): Promise<T>;
  forget(key: string): void;
}

const CONNECTIONS = 4;

export function askOnce(): AskOnce {
  const limit = pLimit(CONNECTIONS);
  const known = new Map<string, Promise<unknown>>();
  const once = <T>(key: string, ask: () => Promise<T>): Promise<T> => {
    const before = known.get(key);
    if (before !== undefined) return before as Promise<T>;
    const answer = ask();
    known.set(key, answer);
    answer.catch(() => known.delete(key));
    return answer;
  };
  return {
    once,
    question: (key, ask) => once(key, () => limit(ask)),
    forget: (key) => void known.delete(key),
  };
}
