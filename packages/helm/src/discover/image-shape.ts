import type { ImageDefaults } from './finding-list.ts';
import { hasTag, referenceForm } from './reference-form.ts';
import { isMap, memberOf, textOf, type YamlMap, type YamlNode } from './yaml-tree.ts';

/** An image put together from members of one mapping. */
export interface ShapeFinding {
  readonly reference: string;
  /** The member that stands for it: `repository`. */
  readonly member: string;
  /** Members that say nothing more of their own. */
  readonly madeOf: readonly string[];
  /** A tag or a digest stands in the mapping. */
  readonly pinned: boolean;
  /** The tag is the chart's appVersion. */
  readonly guessed: boolean;
}

const REGISTRIES = ['registry', 'imageRegistry', 'hub'];
const REPOSITORIES = ['repository', 'repo', 'imageRepository'];
const TAGS = ['tag', 'imageTag', 'version'];
const DIGESTS = ['digest', 'imageDigest', 'sha', 'sha256'];
const TELLING = [...REGISTRIES, 'tag', 'imageTag', ...DIGESTS, 'pullPolicy', 'imagePullPolicy'];

/** The image that a mapping describes: `{registry, repository, tag, digest}` as charts' values and operators' resources have it. `key` is the mapping's own name. */
export function imageInShape(
  map: YamlMap,
  key: string,
  defaults: ImageDefaults = {},
): ShapeFinding | undefined {
  const about = /image/i.test(key) || TELLING.some((member) => Object.hasOwn(map, member));
  const member = repositoryMember(map);
  if (!about || member === undefined) return undefined;
  const registry = defaults.registry ?? first(map, REGISTRIES);
  const name = textOf(map[member]) ?? '';
  const repository = registry === undefined ? name : `${registry.replace(/\/+$/, '')}/${name}`;
  const written = hasTag(repository) ? undefined : first(map, TAGS);
  const digest = digestText(first(map, DIGESTS));
  const pinned = hasTag(repository) || written !== undefined || digest !== undefined;
  const tag = pinned ? written : defaults.tag;
  const reference = `${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
  if (referenceForm(reference) === undefined) return undefined;
  return { reference, member, madeOf: [member], pinned, guessed: !pinned && tag !== undefined };
}

/** The tag that stands beside a text member: `imageTag` beside `image`, `proxyImageTag` or `proxyTag` beside `proxyImage`. */
export function tagBeside(map: YamlMap, member: string): string | undefined {
  const stem = member.replace(/image$/i, '');
  const names = [`${member}Tag`, ...(stem === '' ? ['tag', 'version'] : [`${stem}Tag`])];
  return first(map, names);
}

/** Istio's `{hub, tag, proxy: {image}}`: one registry and tag for several names. */
export function imagesOfHub(map: YamlMap): Array<{ reference: string; path: readonly string[] }> {
  const [hub, tag] = [textOf(map['hub']), textOf(map['tag'])];
  if (hub === undefined || tag === undefined) return [];
  return Object.entries(map).flatMap(([member, node]: [string, YamlNode]) => {
    const image = isMap(node) ? textOf(memberOf(node, 'image')) : undefined;
    const reference = `${hub}/${image}:${tag}`;
    return image !== undefined && referenceForm(image) === 'bare' && referenceForm(reference) !== undefined
      ? [{ reference, path: [member, 'image'] }]
      : [];
  });
}

function repositoryMember(map: YamlMap): string | undefined {
  const member = REPOSITORIES.find((name) => textOf(map[name]) !== undefined);
  if (member !== undefined) return member;
  // `{registry, image, tag}` and `{registry, name, tag}`.
  const named = ['image', 'name'].find((name) => textOf(map[name]) !== undefined);
  return first(map, REGISTRIES) !== undefined ? named : undefined;
}

function first(map: YamlMap, members: readonly string[]): string | undefined {
  const found = members.find((member) => textOf(memberOf(map, member)) !== undefined);
  return found === undefined ? undefined : textOf(map[found]);
}

/** Some charts write only the hex digits. */
function digestText(text: string | undefined): string | undefined {
  return text !== undefined && /^[0-9a-f]{64}$/.test(text) ? `sha256:${text}` : text;
}
