import { refusals, sortedJson, type Vector } from './vector.ts';

/** A statement about a release, before it is made wrong. */
export interface LooseStatement {
  [name: string]: unknown;
  subject: { name: string; digest: Record<string, string> }[];
  predicate: Record<string, unknown>;
}

interface StatementVectors {
  /** With these members in the predicate it is accepted. */
  good(name: string, why: string, members: object, result: unknown): Vector;
  /** `says` are texts of the error's message. */
  invalid(
    name: string,
    why: string,
    change: (statement: LooseStatement) => unknown,
    says: readonly string[],
  ): Vector;
}

/** Makes cases of a good statement that stands in `file`. */
export function statementVectors(file: string, statement: () => LooseStatement): StatementVectors {
  const refused = refusals(file);
  return {
    good: (name, why, members, result) => {
      const document = statement();
      Object.assign(document.predicate, members);
      return { name, files: { [file]: sortedJson(document) }, expect: { why, accept: true, result } };
    },
    invalid: (name, why, change, says) => {
      const document = statement();
      change(document);
      return refused(name, why, sortedJson(document), 'STATEMENT_INVALID', says);
    },
  };
}
