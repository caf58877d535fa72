import { GapferryError, isGapferryError } from '@gapferry/core';

const DEMO_HOST = /\b(?:registry|charts|git|files)\.demo\.example\b/;

/** The hosts of bundles/demo exist only while the demo's upstream runs (names below `.example` belong to nobody, RFC 2606): whoever collects it without gets told how. Other errors
 *  come back as they are. */
export function withDemoHint(error: unknown): unknown {
  if (!isGapferryError(error, 'UNREACHABLE') || !DEMO_HOST.test(error.message)) return error;
  const { code, message, origin, retryable, data } = error;
  return new GapferryError({
    code,
    message,
    hint: 'these hosts exist only while the upstream of the demo runs: put "npm run -s demo:upstream --" in front of the command, or run "npm run demo"',
    ...(origin !== undefined && { origin }),
    retryable,
    data,
    cause: error,
  });
}
