import { z } from 'zod';
import { FORMATS } from './formats.ts';
import type { ItemKind } from './manifest.ts';
import { configError, parseYaml } from './parse-yaml.ts';
import { nameSchema } from './schemas.ts';

/** A parsed site.yaml: the inside's configuration. Paths are as written, relative to the file. */
export interface SiteConfig {
  readonly name: string;
  /** trust.yaml */
  readonly trust: string;
  /** Private key that signs receipts. */
  readonly key: string;
  /** Directory for pin, marks, ledger, receipts and quarantine. */
  readonly state: string;
  readonly targets: readonly TargetConfig[];
}

/** The first target whose `takes` names an item's kind takes it. */
export interface TargetConfig {
  readonly name: string;
  readonly kind: 'depot';
  /** Directory of the embedded depot. */
  readonly path: string;
  readonly takes: readonly ItemKind[];
}

const KINDS = { images: 'image', charts: 'chart', git: 'git', files: 'file' } as const satisfies Record<
  string,
  ItemKind
>;
const text = z.string().min(1).max(1000);
const targetEntry = z.strictObject({
  name: nameSchema,
  kind: z.literal('depot', { error: 'must be depot, the one kind of target this gapferry loads' }),
  path: text,
  takes: z
    .array(z.enum(['images', 'charts', 'git', 'files']))
    .min(1)
    .optional(),
});
const schema = z.strictObject({
  format: z.literal(FORMATS.site),
  name: nameSchema,
  trust: text,
  key: text,
  state: text.optional(),
  targets: z.array(targetEntry).min(1).max(100),
});
const KNOWN = [...Object.keys(schema.shape), ...Object.keys(targetEntry.shape)];

/** Parses site.yaml. Throws `CONFIG_INVALID` with every problem at once. */
export function parseSiteConfig(source: string, file: string): SiteConfig {
  const yaml = parseYaml(source, file, 'site', schema, KNOWN);
  const { name, trust, key, state = 'state', targets } = yaml.value;
  const names = targets.map((target) => target.name);
  const twice = names.findIndex((target, i) => names.indexOf(target) !== i);
  if (twice >= 0)
    throw configError(file, [
      yaml.problem(['targets', twice, 'name'], `"${names[twice]}" is the name of another target already`),
    ]);
  return { name, trust, key, state, targets: targets.map(toTarget) };
}

function toTarget(entry: z.infer<typeof targetEntry>): TargetConfig {
  const takes = entry.takes ?? (['images', 'charts', 'git', 'files'] as const);
  return {
    name: entry.name,
    kind: entry.kind,
    path: entry.path,
    takes: takes.map((plural) => KINDS[plural]),
  };
}

/** JSON Schema of site.yaml for editors. */
export function siteJsonSchema(): unknown {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
}
