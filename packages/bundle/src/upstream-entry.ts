import { canonicalJson, type UpstreamVerification } from '@gapferry/core';
import { z } from 'zod';
import { demandPattern, matchesDemand, repositoryPattern } from './demand-glob.ts';
import { entryPath, entryText } from './entry-schemas.ts';
import { type GitUpstreamEntry, gitSignersEntry } from './git-verify-entry.ts';

/** One demand on upstream's signatures, or several that must all be met. */
export type VerifyEntry = UpstreamVerification | readonly UpstreamVerification[];

/** What every image and OCI chart, or every Git repository, must be signed with that matches. */
export type UpstreamEntry = CosignUpstreamEntry | GitUpstreamEntry;

export interface CosignUpstreamEntry {
  /** A pattern as in `allow` lists, held against `host/path`. */
  readonly match: string;
  readonly cosign: UpstreamVerification;
}

const demand: z.ZodType<UpstreamVerification> = z.union([
  z.strictObject({ key: entryPath }),
  z.strictObject({ identity: entryText, issuer: entryText, trustedRoot: entryPath }),
]);

export const verifyEntry: z.ZodType<VerifyEntry> = z.union([demand, z.array(demand).min(1).max(20)]);

const ofRepositories = (pattern: typeof demandPattern): typeof demandPattern =>
  pattern.refine((text) => !/@|\/.*:/.test(text), {
    error: 'is held against repositories (host/path): leave out tag and digest',
  });

export const upstreamEntry: z.ZodType<UpstreamEntry> = z.union([
  z.strictObject({ match: ofRepositories(demandPattern), cosign: demand }),
  z.strictObject({ match: ofRepositories(repositoryPattern), git: gitSignersEntry }),
]);

/** The demands that a wish states itself and those of the entries that match its repository, each once, in one order. Absent where there are none. */
export function demandsOn(
  repository: string,
  own: VerifyEntry | undefined,
  upstream: readonly UpstreamEntry[],
): { verify?: readonly UpstreamVerification[] } {
  const stated = own === undefined ? [] : 'length' in own ? own : [own];
  const general = upstream
    .filter((entry) => 'cosign' in entry)
    .filter(({ match }) => matchesDemand(match, repository))
    .map(({ cosign }) => cosign);
  const unique = new Map([...stated, ...general].map((one) => [canonicalJson(one), one]));
  if (unique.size === 0) return {};
  return { verify: [...unique].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one) };
}
