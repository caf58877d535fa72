import { type ChartRendering, type ChartValues, type ChartWish, canonicalJson } from '@gapferry/core';
import { z } from 'zod';
import { entryProblem } from './entry-problem.ts';
import { entryPath } from './entry-schemas.ts';

/** What every entry of `charts` may say: whether the images that the chart names are looked for, and how the chart is installed inside. */
export interface ChartChoices extends InstallationEntry {
  readonly images?: 'discover' | 'none' | undefined;
  /** Each has what the entry itself says, and its own over it; its values come after the entry's. */
  readonly installations?: readonly InstallationEntry[] | undefined;
}

/** How a chart is installed once. */
interface InstallationEntry {
  readonly values?: ValuesEntry | readonly ValuesEntry[] | undefined;
  readonly release?: string | undefined;
  readonly namespace?: string | undefined;
  readonly kubeVersion?: string | undefined;
  readonly apiVersions?: readonly string[] | undefined;
}

/** A file of values, or values in line. */
type ValuesEntry = string | Readonly<Record<string, unknown>>;

const valuesEntry = z.union([
  entryPath,
  z.record(z.string().max(1000), z.unknown()).refine(isJson, {
    error: 'holds what JSON cannot carry: a number without end, or one that is none',
  }),
]);

const installation: {
  readonly values: z.ZodType<InstallationEntry['values']>;
  readonly release: z.ZodType<string | undefined>;
  readonly namespace: z.ZodType<string | undefined>;
  readonly kubeVersion: z.ZodType<string | undefined>;
  readonly apiVersions: z.ZodType<readonly string[] | undefined>;
} = {
  values: z.union([valuesEntry, z.array(valuesEntry).min(1).max(100)]).optional(),
  release: z
    .string()
    .max(53)
    .regex(/^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/, {
      error: 'must be a release name: a–z, 0–9, "-" and "." inside, at most 53',
    })
    .optional(),
  namespace: z
    .string()
    .max(63)
    .regex(/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/, {
      error: 'must be a namespace: a–z, 0–9 and "-" inside, at most 63',
    })
    .optional(),
  kubeVersion: z
    .string()
    .max(63)
    .regex(/^v?\d+\.\d+(?:\.\d+)?(?:[-+][A-Za-z0-9.+-]+)?$/, {
      error: 'must be a version of Kubernetes, for example "1.31"',
    })
    .optional(),
  apiVersions: z
    .array(
      z.string().regex(/^[A-Za-z0-9][A-Za-z0-9./-]{0,252}$/, {
        error: 'must be group/version or group/version/Kind, for example networking.k8s.io/v1/Ingress',
      }),
    )
    .min(1)
    .max(1000)
    .optional(),
};

export const chartChoices: typeof installation & {
  readonly images: z.ZodType<ChartChoices['images']>;
  readonly installations: z.ZodType<ChartChoices['installations']>;
} = {
  images: z.enum(['discover', 'none']).optional(),
  ...installation,
  installations: z.array(z.strictObject(installation)).min(1).max(100).optional(),
};

/** Members of the wish. What is Helm's default is absent: such wishes keep their digests, and two spellings of one choice are one wish. Throws an `entryProblem` for what would have no effect. */
export function toChartChoices(
  entry: ChartChoices,
): Pick<ChartWish, 'images' | 'rendering' | 'installations'> {
  const { installations } = entry;
  const common = toRendering(entry);
  const [unused] = Object.keys({ ...common, ...(installations && { installations }) });
  if (entry.images === 'none') {
    if (unused === undefined) return { images: 'none' };
    throw entryProblem(
      'says how the chart is rendered, and with "images: none" it is not: leave out one of the two',
      unused,
    );
  }
  const each = toInstallations(common, installations ?? [{}]);
  const [only = {}, second] = each;
  if (second !== undefined) return { installations: each };
  return Object.keys(only).length === 0 ? {} : { rendering: only };
}

/** In an order of their own: that of the file makes no difference. */
function toInstallations(
  common: ChartRendering,
  entries: readonly InstallationEntry[],
): readonly ChartRendering[] {
  const each = entries.map((entry) => {
    const own = toRendering(entry);
    const values = [...(common.values ?? []), ...(own.values ?? [])];
    return { ...common, ...own, ...(values.length > 0 && { values }) };
  });
  const distinct = new Map(each.map((one) => [canonicalJson(one), one]));
  if (distinct.size < each.length)
    throw entryProblem('has two that are rendered in the same way: one is enough', 'installations');
  return [...distinct].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}

function toRendering(entry: InstallationEntry): ChartRendering {
  const { release, namespace, kubeVersion, apiVersions } = entry;
  const values = toValues(entry.values);
  return {
    ...(values.length > 0 && { values }),
    ...(release !== undefined && { release }),
    ...(namespace !== undefined && { namespace }),
    ...(kubeVersion !== undefined && { kubeVersion }),
    ...(apiVersions !== undefined && { apiVersions }),
  };
}

function toValues(written: ChartChoices['values']): ChartValues[] {
  if (written === undefined) return [];
  const entries: readonly ValuesEntry[] = isList(written) ? written : [written];
  return entries.map((entry) =>
    typeof entry === 'string' ? { file: entry } : { inline: canonicalJson(entry) },
  );
}

function isList(written: ValuesEntry | readonly ValuesEntry[]): written is readonly ValuesEntry[] {
  return Array.isArray(written);
}

function isJson(value: unknown): boolean {
  try {
    canonicalJson(value);
    return true;
  } catch {
    return false;
  }
}
