import {
  type ArtifactFinding,
  type Confidence,
  canonicalJson,
  checkRun,
  type ImagePin,
  isInterruption,
  type Run,
} from '@gapferry/core';
import { cappedFindings } from './capped-findings.ts';
import { requireRoomToLook } from './follow-limits.ts';
import { type FollowedRound, type FollowRequest, joinRounds } from './follow-request.ts';
import { lookFailure } from './look-failure.ts';
import { lookFromEntries } from './look-from-entries.ts';
import { type Change, nameOf, type Reached } from './pointer.ts';
import { readArtifact } from './read-artifact.ts';
import type { ArtifactTarget } from './reference-target.ts';

type ReachedArtifact = Reached<ArtifactTarget> & { readonly pin: ImagePin };

/** Artifacts of manifests that references deploy, looked into from the directories that these name. */
export class FollowedArtifacts {
  readonly #request: FollowRequest;
  readonly #looked = new Set<string>();

  constructor(request: FollowRequest) {
    this.#request = request;
  }

  /** Looks at what nobody looked at before. An archive is in memory while it is looked at. */
  async lookInto(reached: readonly Reached[], run: Run): Promise<FollowedRound> {
    const artifacts = reached.filter(isArtifact);
    const rounds: FollowedRound[] = [wantedOnes(artifacts)];
    const todo = artifacts.filter(
      (one) => !one.isWanted && one.target.finding.path !== undefined && !this.#looked.has(lookKey(one)),
    );
    for (const one of todo) this.#looked.add(lookKey(one));
    requireRoomToLook(this.#looked.size);
    for (const own of Map.groupBy(todo, sourceKey).values()) {
      checkRun(run);
      rounds.push(await this.#lookFrom(own, run));
    }
    return joinRounds(rounds);
  }

  /** All of one artifact, and as sure as each other. */
  async #lookFrom(own: readonly ReachedArtifact[], run: Run): Promise<FollowedRound> {
    const [first] = own as [ReachedArtifact];
    const { pin } = first;
    const { confidence } = first.pointer.reference;
    try {
      const { discovery, fetcher } = this.#request;
      const archive = await readArtifact(await fetcher.image(pin, run), discovery.store, run);
      const content = { id: pin.id, archive };
      const looks = await lookFromEntries([...Map.groupBy(own, lookKey).values()], (entries) =>
        discovery.trees.discoverArtifact(content, run, entries.map(entryOf)),
      );
      const found = looks.flatMap(({ findings }) => (findings === undefined ? [] : [findings]));
      return {
        looked: found.map(({ images }) => ({ pin, findings: cappedFindings(images, confidence) })),
        found: found.map(({ references, problems }) => ({
          pin,
          references: cappedFindings(references, confidence),
          problems,
        })),
        changes: looks.flatMap(({ entries, error }) =>
          error === undefined ? [] : entries.map((one) => [one.pointer, this.#failure(one, error)] as const),
        ),
      };
    } catch (error) {
      if (isInterruption(error)) throw error;
      return { looked: [], found: [], changes: own.map((one) => [one.pointer, this.#failure(one, error)]) };
    }
  }

  #failure({ pointer, pin }: ReachedArtifact, error: unknown): Change {
    return lookFailure(pointer.reference, { kind: 'image', name: pin.id }, error, this.#request.config);
  }
}

/** No line of bundle.yaml can say that an image be looked into. */
function wantedOnes(artifacts: readonly ReachedArtifact[]): FollowedRound {
  const changes = artifacts
    .filter(({ isWanted, target }) => isWanted && target.finding.path !== undefined)
    .map(({ pointer }) => [pointer, NOT_LOOKED_INTO] as const);
  return { looked: [], found: [], changes };
}

const NOT_LOOKED_INTO: Change = {
  open: [
    'it is not looked into, because bundle.yaml wants it itself: leave out its line, or name its images',
  ],
};

function isArtifact(reached: Reached): reached is ReachedArtifact {
  return reached.target.kind === 'image' && reached.pin.kind === 'image';
}

/** Once for each way to look, and how sure it is. */
function lookKey(one: ReachedArtifact): string {
  const { place: _place, open: _open, ...entry } = entryOf(one);
  return canonicalJson({ ...entry, item: nameOf(one.pin) });
}

function sourceKey({ pin, pointer }: ReachedArtifact): string {
  const confidence: Confidence = pointer.reference.confidence;
  return `${confidence} ${nameOf(pin)}`;
}

function entryOf({ target, pointer }: ReachedArtifact): ArtifactFinding {
  return { ...target.finding, confidence: pointer.reference.confidence };
}
