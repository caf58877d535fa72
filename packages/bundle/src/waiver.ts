import { isGapferryError, matchesGlob, parseImageReference, repositoryOf } from '@gapferry/core';
import { z } from 'zod';
import { demandPattern } from './demand-glob.ts';
import { type Waivable, type WaivableKind, waivableOf } from './waivable.ts';

/** What content of the release names and what is left out on purpose: a pattern as in `allow` lists, held against the names of images, charts or repositories, with and without tag or version. */
export type Waiver = Waivable & {
  /** For those who review bundle.yaml and the report. */
  readonly reason: string;
};

const EXAMPLES: Readonly<Record<'chart' | 'git', string>> = {
  chart: 'charts.example.org/stable/nginx',
  git: 'git.example.org/ops/line-a',
};

const schema = z
  .strictObject({
    image: demandPattern.optional(),
    chart: namePattern('chart').optional(),
    git: namePattern('git').optional(),
    reason: z
      .string()
      .max(500)
      .refine((text) => text.trim() !== '', { error: 'must say why it is not needed' }),
  })
  .refine(({ image, chart, git }) => [image, chart, git].filter((one) => one !== undefined).length === 1, {
    error: 'must have exactly one of image, chart and git: what is waived',
  })
  .meta({ oneOf: [{ required: ['image'] }, { required: ['chart'] }, { required: ['git'] }] });

export const waiverEntry: z.ZodType<Waiver> = schema as unknown as z.ZodType<Waiver>;

/** A pattern that can fit a name with a host in front: one that never does would be a waiver that nobody notices to be without effect. */
function namePattern(kind: 'chart' | 'git'): z.ZodType<string, string> {
  return z
    .string()
    .min(1)
    .max(500)
    .refine((pattern) => !pattern.includes('://'), {
      error: 'is held against names (host/path): leave out the scheme',
    })
    .refine((pattern) => pattern.includes('/') || pattern.includes('**'), {
      error: `fits no name: write it with its host, for example ${EXAMPLES[kind]}`,
    });
}

/** The first waiver that covers an image, chart or repository, by its id in a release; what has none (an image that is no reference, a chart without version) by what is known of it. */
export function waiverOf(kind: WaivableKind, id: string, waivers: readonly Waiver[]): Waiver | undefined {
  const names = NAMES[kind](id);
  return waivers.find((waiver) => {
    const waived = waivableOf(waiver);
    return waived.kind === kind && names.some((name) => matchesGlob(waived.name, name));
  });
}

const NAMES: Readonly<Record<WaivableKind, (id: string) => string[]>> = {
  image: imageNames,
  chart: (id) => [id, id.replace(/:[^:/]*$/, '')],
  git: (id) => [id, `${id}.git`],
};

function imageNames(image: string): string[] {
  try {
    const { tag, digest, ...repository } = parseImageReference(image);
    const name = repositoryOf(repository);
    return [image, name, ...(tag !== undefined && digest !== undefined ? [`${name}:${tag}`] : [])];
  } catch (error) {
    if (!isGapferryError(error, 'REFERENCE_INVALID')) throw error;
    return [image];
  }
}
