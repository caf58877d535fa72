import { GapferryError, printable } from '@gapferry/core';

/** A file of a tree says what cannot be built; kustomize, Argo CD or Flux would refuse it too, or it is hostile. */
export function refused(file: string, why: string, hint?: string): GapferryError {
  return new GapferryError({
    code: 'CONTENT_INVALID',
    origin: 'source',
    message: `${shown(file)}: ${shown(why)}`,
    ...(hint !== undefined && { hint }),
    data: { file },
  });
}

export function tooMuch(file: string, what: string): GapferryError {
  return new GapferryError({
    code: 'LIMIT_EXCEEDED',
    origin: 'source',
    message: `${shown(file)}: ${shown(what)}`,
    data: { file },
  });
}

function shown(text: string): string {
  return printable(text.slice(0, 1000));
}
