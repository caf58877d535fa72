import {
  type ChartWish,
  type Digest,
  digestFromHex,
  type FileWish,
  formatImageReference,
  GapferryError,
  type GitWish,
  type ImageWish,
  isGapferryError,
  parseImageReference,
  parsePlatform,
  redact,
  repositoryOf,
  unsafePathReason,
  type Wish,
} from '@gapferry/core';
import { z } from 'zod';
import { FORMATS } from './formats.ts';
import { configError, parseYaml } from './parse-yaml.ts';
import type { Problem } from './problems.ts';
import { nameSchema, versionSchema } from './schemas.ts';

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
}

const text = z.string().min(1).max(1000);
const platformList = z
  .array(text.refine(isPlatform, { error: 'must be os/architecture, for example linux/amd64' }))
  .max(100);

const imageEntry = z.union([text, z.strictObject({ ref: text, platforms: platformList.optional() })]);
const chartEntry = z.union([
  z.strictObject({ oci: text, version: text }),
  z.strictObject({ repo: text, name: text, version: text }),
]);
const gitEntry = z.strictObject({ url: text, refs: z.array(text).max(1000).optional(), as: text.optional() });
const fileEntry = z.strictObject({ url: text, sha256: z.string(), as: text });

const schema = z.strictObject({
  format: z.literal(FORMATS.bundle),
  name: nameSchema,
  channel: nameSchema.optional(),
  version: versionSchema.optional(),
  platforms: platformList.optional(),
  insecure: z.array(text.regex(/^[a-zA-Z0-9.[\]:-]+$/, { error: 'must be host or host:port' })).optional(),
  images: z.array(imageEntry).max(10_000).optional(),
  charts: z.array(chartEntry).max(10_000).optional(),
  git: z.array(gitEntry).max(10_000).optional(),
  files: z.array(fileEntry).max(50_000).optional(),
});

type Raw = z.infer<typeof schema>;

const KNOWN = [
  ...Object.keys(schema.shape),
  'ref',
  'oci',
  'repo',
  'url',
  'refs',
  'as',
  'sha256',
  'version',
  'name',
  'platforms',
];

/** How a Git address is normalised and refused; the cli passes the git package's rule. */
export type NormalizeGitUrl = (url: string) => string;

/** Parses bundle.yaml. `file` is the name shown in errors. Throws `CONFIG_INVALID` with every problem at once, each with line and column. */
export function parseBundleConfig(
  source: string,
  file: string,
  normalizeGitUrl: NormalizeGitUrl,
): BundleConfig {
  const yaml = parseYaml(source, file, 'bundle', schema, KNOWN);
  const problems: Problem[] = [];
  const attempt = <T>(path: PropertyKey[], make: () => T): T[] => {
    try {
      return [make()];
    } catch (error) {
      if (!isGapferryError(error)) throw error;
      const { message, hint, data } = error;
      const member = data['member'];
      const place = typeof member === 'string' ? [...path, member] : path;
      problems.push(yaml.problem(place, hint === undefined ? message : `${message} (${hint})`));
      return [];
    }
  };
  const raw = yaml.value;
  const platforms = sortedUnique(raw.platforms ?? []);
  const wishes: Wish[] = [
    ...(raw.images ?? []).flatMap((entry, i) => attempt(['images', i], () => toImageWish(entry, platforms))),
    ...(raw.charts ?? []).flatMap((entry, i) => attempt(['charts', i], () => toChartWish(entry))),
    ...(raw.git ?? []).flatMap((entry, i) => attempt(['git', i], () => toGitWish(entry, normalizeGitUrl))),
    ...(raw.files ?? []).flatMap((entry, i) => attempt(['files', i], () => toFileWish(entry))),
  ];
  problems.push(...duplicates(wishes, raw, yaml.problem));
  if (problems.length > 0) throw configError(file, problems);
  if (wishes.length === 0)
    throw configError(file, [
      yaml.problem(['name'], 'the bundle wants nothing: add images, charts, git or files'),
    ]);
  return {
    name: raw.name,
    channel: raw.channel ?? raw.name,
    ...(raw.version && { version: raw.version }),
    platforms,
    wishes,
    insecure: sortedUnique(raw.insecure ?? []),
  };
}

function toImageWish(entry: z.infer<typeof imageEntry>, defaults: readonly string[]): ImageWish {
  const { ref, platforms } = typeof entry === 'string' ? { ref: entry, platforms: undefined } : entry;
  const reference = parseImageReference(ref);
  const wanted = reference.digest === undefined ? sortedUnique(platforms ?? defaults) : [];
  return { kind: 'image', ref: formatImageReference(reference), platforms: wanted };
}

function toChartWish(entry: z.infer<typeof chartEntry>): ChartWish {
  if ('oci' in entry) {
    const name = entry.oci.replace(/^oci:\/\//, '');
    if (/@|:[^/]*$/.test(name))
      throw configProblem('"oci" names a repository; the version stands in "version" alone', 'oci');
    const ref = repositoryOf(parseImageReference(name));
    return { kind: 'chart', from: 'oci', ref, version: entry.version };
  }
  return {
    kind: 'chart',
    from: 'repository',
    url: webUrl(entry.repo, 'repo').replace(/\/+$/, ''),
    name: entry.name,
    version: entry.version,
  };
}

function toGitWish(entry: z.infer<typeof gitEntry>, normalize: NormalizeGitUrl): GitWish {
  return {
    kind: 'git',
    url: gitUrl(entry.url, normalize),
    refs: sortedUnique(entry.refs ?? []),
    ...(entry.as !== undefined && { as: safe(entry.as) }),
  };
}

function toFileWish(entry: z.infer<typeof fileEntry>): FileWish {
  return { kind: 'file', url: webUrl(entry.url, 'url'), sha256: toDigest(entry.sha256), as: safe(entry.as) };
}

/** The rule is not ours: whatever it refuses is the URL's fault. */
function gitUrl(url: string, normalize: NormalizeGitUrl): string {
  try {
    return normalize(url);
  } catch (error) {
    if (!isGapferryError(error)) throw error;
    throw configProblem(error.hint === undefined ? error.message : `${error.message} (${error.hint})`, 'url');
  }
}

function toDigest(hex: string): Digest {
  const bare = hex.replace(/^sha256:/, '').toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(bare))
    throw configProblem(`"${hex.slice(0, 80)}" is not a sha256 (64 hex digits)`, 'sha256');
  return digestFromHex(bare);
}

function safe(path: string): string {
  const reason = unsafePathReason(path);
  if (reason !== undefined) throw configProblem(`the name "${path}" is refused: ${reason}`, 'as');
  return path;
}

function webUrl(url: string, member: string): string {
  const parsed = URL.parse(url);
  if (parsed === null || !/^https?:$/.test(parsed.protocol))
    throw configProblem(`"${url.slice(0, 200)}" is not an http:// or https:// URL`, member);
  if (redact(parsed.href) !== parsed.href)
    throw configProblem(
      'a URL must not carry credentials; give them by Docker config or environment',
      member,
    );
  parsed.hash = '';
  return parsed.href;
}

/** `member`: of the entry, where the problem is not the whole entry's. */
function configProblem(message: string, member: string): GapferryError {
  return new GapferryError({ code: 'CONFIG_INVALID', message, data: { member } });
}

/** The same thing wanted twice, or two files of one name. */
function duplicates(
  wishes: readonly Wish[],
  raw: Raw,
  problem: (path: PropertyKey[], message: string) => Problem,
): Problem[] {
  const seen = new Set<string>();
  const counts = { image: 0, chart: 0, git: 0, file: 0 };
  const lists = { image: 'images', chart: 'charts', git: 'git', file: 'files' } as const;
  const complete =
    wishes.length ===
    (raw.images?.length ?? 0) + (raw.charts?.length ?? 0) + (raw.git?.length ?? 0) + (raw.files?.length ?? 0);
  if (!complete) return [];
  return wishes.flatMap((wish) => {
    const index = counts[wish.kind]++;
    const key = wishKey(wish);
    if (!seen.has(key)) {
      seen.add(key);
      return [];
    }
    return [problem([lists[wish.kind], index], `${key} is wanted twice`)];
  });
}

function wishKey(wish: Wish): string {
  if (wish.kind === 'image') return `image ${wish.ref}`;
  if (wish.kind === 'file') return `file ${wish.as}`;
  if (wish.kind === 'git') return `git ${wish.as ?? wish.url}`;
  return wish.from === 'oci'
    ? `chart ${wish.ref} ${wish.version}`
    : `chart ${wish.url}/${wish.name} ${wish.version}`;
}

function isPlatform(value: string): boolean {
  try {
    parsePlatform(value);
    return true;
  } catch {
    return false;
  }
}

function sortedUnique(values: readonly string[]): string[] {
  return [...new Set(values)].sort();
}

/** JSON Schema of bundle.yaml for editors. */
export function bundleJsonSchema(): unknown {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
}
