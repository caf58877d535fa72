import { type Numbering, parseStatement, statementDigest } from '@gapferry/bundle';
import { GapferryError, parseJson } from '@gapferry/core';
import { openPlace } from '../open-place.ts';
import { parseReleasePlace } from '../release-place.ts';

/** How the first release of a depot is numbered: `--first`, `--after <place>`, or by the depot's own history. `--after` reads the statement of a release in another depot or on a
 *  medium; it is the operator's word for "this was the last one" and is checked by every site that imports the next. */
export async function readNumbering(
  first: boolean,
  after: string | undefined,
  channel: string,
): Promise<Numbering> {
  if (first) return { kind: 'first' };
  if (after === undefined) return { kind: 'continue' };
  const place = parseReleasePlace(after);
  const { medium, address } = await openPlace({ ...place, channel: place.channel ?? channel });
  const { statement: bundle } = await medium.readRelease(address);
  const payload = payloadOf(bundle, after);
  const { predicate } = parseStatement(payload, `the release statement in ${after}`);
  if (predicate.channel !== channel)
    throw new GapferryError({
      code: 'FIRST_RELEASE_UNCLEAR',
      message: `--after names a release of channel ${predicate.channel}; this bundle feeds channel ${channel}`,
      hint: 'name the last release of the same channel',
    });
  return { kind: 'after', release: { sequence: predicate.sequence, statement: statementDigest(payload) } };
}

/** The DSSE payload of a Sigstore bundle, without judging its signature. */
function payloadOf(bundle: Uint8Array, where: string): Uint8Array {
  const parsed = parseJson(bundle, `the signature file of ${where}`, { maxBytes: 1_048_576, maxDepth: 20 });
  const payload = (parsed as { dsseEnvelope?: { payload?: unknown } } | null)?.dsseEnvelope?.payload;
  if (typeof payload === 'string') return Buffer.from(payload, 'base64');
  throw new GapferryError({
    code: 'SIGNATURE_MISSING',
    message: `the signature file of ${where} holds no DSSE envelope`,
    hint: 'name a release that gapferry sealed',
  });
}
