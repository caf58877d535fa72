import type { AptFileWish, ContentChoice } from '@gapferry/core';
import { z } from 'zod';
import { entryProblem } from './entry-problem.ts';
import { entryPath, entryText, sortedUnique } from './entry-schemas.ts';
import { safeName } from './safe-name.ts';
import { folderUrl } from './web-url.ts';

/** What a line of `content` with `kind: apt` has besides what every line has. */
export interface AptEntry {
  readonly kind: 'apt';
  readonly from: string;
  readonly as: string;
  readonly suite: string;
  readonly components: string[];
  readonly architectures: string[];
  readonly packages?: string[] | undefined;
  readonly dependencies?: boolean | undefined;
  readonly keyring?: string | undefined;
  readonly unsigned?: true | undefined;
}

const part = z
  .string()
  .max(200)
  .regex(/^[A-Za-z0-9][\w.+~-]*(?:\/[A-Za-z0-9][\w.+~-]*)*$/, {
    error: 'is a name as in sources.list, for example bookworm or main',
  });

/** `nginx`, `nginx (>= 1.22)`, `nginx (= 1.22.1-9)`: as in Depends of a package (Debian Policy, section 7.1), without alternatives. */
const packageWanted = z
  .string()
  .max(500)
  .regex(/^[A-Za-z0-9][A-Za-z0-9+.-]*(?: ?\((?:<<|<=|=|>=|>>) ?[0-9A-Za-z.+~:-]+\))?$/, {
    error: 'is a package, with a version if need be: nginx, nginx (>= 1.22), nginx (= 1.22.1-9)',
  });

type Optional<T> = z.ZodOptional<z.ZodType<T, T>>;

export const aptMembers: {
  readonly from: z.ZodType<string, string>;
  readonly as: z.ZodType<string, string>;
  readonly suite: z.ZodType<string, string>;
  readonly components: z.ZodType<string[], string[]>;
  readonly architectures: z.ZodType<string[], string[]>;
  readonly packages: Optional<string[]>;
  readonly dependencies: Optional<boolean>;
  readonly keyring: Optional<string>;
} = {
  from: entryText,
  as: entryText,
  suite: part,
  components: z.array(part).min(1).max(100),
  architectures: z
    .array(z.string().regex(/^[a-z0-9][a-z0-9-]{0,50}$/))
    .min(1)
    .max(20),
  packages: z.array(packageWanted).min(1).max(10_000).optional(),
  dependencies: z.boolean().optional(),
  keyring: entryPath.optional(),
};

/** Throws what `entryProblem` makes. */
export function toAptWish(entry: AptEntry, content: ContentChoice): AptFileWish {
  const { packages, dependencies, keyring, unsigned } = entry;
  if ((keyring === undefined) === (unsigned === undefined))
    throw entryProblem(
      keyring === undefined
        ? 'name the keyring of those who sign the repository (or "unsigned: true" for one of your own that nobody signs)'
        : 'has "keyring", so it is signed: leave out "unsigned"',
      'keyring',
    );
  return {
    kind: 'file',
    apt: {
      url: folderUrl(entry.from, 'from'),
      suite: entry.suite,
      components: sortedUnique(entry.components),
      architectures: sortedUnique(entry.architectures),
      ...(packages !== undefined && { packages: sortedUnique(packages) }),
      ...(dependencies === false && { dependencies }),
      ...(keyring !== undefined && { keyring }),
    },
    as: safeName(entry.as),
    content: { ...content, ...(unsigned && { unsigned }) },
  };
}
