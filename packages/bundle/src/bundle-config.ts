import { isGapferryError, type Wish } from '@gapferry/core';
import { z } from 'zod';
import { type ChartEntry, chartEntry, toChartWish } from './chart-entry.ts';
import { type ContentEntry, contentEntry, toContentWishes } from './content-entry.ts';
import { duplicateWishes } from './duplicate-wishes.ts';
import { platformList, sortedUnique, withHint } from './entry-schemas.ts';
import { type FileEntry, fileEntry, toFileWish } from './file-entry.ts';
import { FORMATS } from './formats.ts';
import { type GitEntry, gitEntry, type NormalizeGitUrl, toGitWish } from './git-entry.ts';
import { type HostConfig, hostEntries, hostName, toHosts } from './host-entry.ts';
import { type ImageEntry, imageEntry, toImageWish } from './image-entry.ts';
import { memberNames } from './member-names.ts';
import { configError, parseYaml, type YamlFile } from './parse-yaml.ts';
import type { Problem } from './problems.ts';
import { nameSchema, versionSchema } from './schemas.ts';
import { type UpstreamEntry, upstreamEntry } from './upstream-entry.ts';
import { type Waiver, waiverEntry } from './waiver.ts';

/** A parsed bundle.yaml: what one bundle wants. */
export interface BundleConfig {
  readonly name: string;
  readonly channel: string;
  /** Version of the next release, unless the command line says otherwise. */
  readonly version?: string;
  /** Sorted `os/arch[/variant]`; empty: everything upstream has. */
  readonly platforms: readonly string[];
  /** In the order of the file. */
  readonly wishes: readonly Wish[];
  /** `host[:port]` spoken to over plain HTTP or unverified TLS. */
  readonly insecure: readonly string[];
  /** By `host[:port]` in lower case, as references name it. */
  readonly hosts: ReadonlyMap<string, HostConfig>;
  /** What images, charts and Git repositories must be signed with, by repository; it holds for what content names as well. Absent when there is nothing. */
  readonly upstream?: readonly UpstreamEntry[];
  /** Images that charts name and that are left out on purpose; absent when there are none. */
  readonly waivers?: readonly Waiver[];
}

const schema = z.strictObject({
  format: z.literal(FORMATS.bundle),
  name: nameSchema,
  channel: nameSchema.optional(),
  version: versionSchema.optional(),
  platforms: platformList.optional(),
  insecure: z.array(hostName).max(1000).optional(),
  hosts: hostEntries.optional(),
  images: z.array(imageEntry).max(10_000).optional(),
  charts: z.array(chartEntry).max(10_000).optional(),
  git: z.array(gitEntry).max(10_000).optional(),
  files: z.array(fileEntry).max(50_000).optional(),
  content: z.array(contentEntry).max(100).optional(),
  upstream: z.array(upstreamEntry).max(1000).optional(),
  waivers: z.array(waiverEntry).max(1000).optional(),
});

type Raw = z.infer<typeof schema>;

/** Parses bundle.yaml. `file` is the name shown in errors. Throws `CONFIG_INVALID` with every problem at once, each with line and column. */
export function parseBundleConfig(
  source: string,
  file: string,
  normalizeGitUrl: NormalizeGitUrl,
): BundleConfig {
  const yaml = parseYaml(source, file, 'bundle', schema, () => memberNames(bundleJsonSchema()));
  const { value: raw } = yaml;
  const { wishes, places, problems } = readEntries(yaml, normalizeGitUrl);
  if (problems.length === 0)
    for (const { wish, message } of duplicateWishes(wishes))
      problems.push(yaml.problem(places.get(wish) ?? [], message));
  if (problems.length > 0) throw configError(file, problems);
  if (wishes.length === 0)
    throw configError(file, [
      yaml.problem(['name'], 'the bundle wants nothing: add images, charts, git, files or content'),
    ]);
  return {
    name: raw.name,
    channel: raw.channel ?? raw.name,
    ...(raw.version && { version: raw.version }),
    platforms: sortedUnique(raw.platforms ?? []),
    wishes,
    insecure: sortedUnique(raw.insecure ?? []),
    hosts: toHosts(raw.hosts ?? {}),
    ...(raw.upstream !== undefined && { upstream: raw.upstream }),
    ...(raw.waivers !== undefined && { waivers: raw.waivers }),
  };
}

interface ReadEntries {
  readonly wishes: readonly Wish[];
  /** Where in the file each stands. */
  readonly places: ReadonlyMap<Wish, readonly PropertyKey[]>;
  readonly problems: Problem[];
}

function readEntries({ value: raw, problem }: YamlFile<Raw>, normalize: NormalizeGitUrl): ReadEntries {
  const problems: Problem[] = [];
  const places = new Map<Wish, readonly PropertyKey[]>();
  const read = <E>(
    list: string,
    entries: readonly E[] | undefined,
    make: (entry: E) => Wish | readonly Wish[],
  ): void => {
    for (const [i, entry] of (entries ?? []).entries()) {
      try {
        for (const wish of [make(entry)].flat()) places.set(wish, [list, i]);
      } catch (error) {
        if (!isGapferryError(error)) throw error;
        const member = error.data['member'];
        problems.push(problem(typeof member === 'string' ? [list, i, member] : [list, i], withHint(error)));
      }
    }
  };
  const upstream = raw.upstream ?? [];
  const defaults = { platforms: raw.platforms ?? [], upstream };
  read('images', raw.images, (entry: ImageEntry) => toImageWish(entry, defaults));
  read('charts', raw.charts, (entry: ChartEntry) => toChartWish(entry, upstream));
  read('git', raw.git, (entry: GitEntry) => toGitWish(entry, normalize, upstream));
  read('files', raw.files, (entry: FileEntry) => toFileWish(entry));
  read('content', raw.content, (entry: ContentEntry) => toContentWishes(entry, defaults));
  return { wishes: [...places.keys()], places, problems };
}

/** JSON Schema of bundle.yaml for editors. */
export function bundleJsonSchema(): unknown {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
}
