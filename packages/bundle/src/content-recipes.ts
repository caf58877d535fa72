import type { ContentKind } from '@gapferry/core';

/** Where content that grows old comes from, where it goes, and how old it may be, unless a line of bundle.yaml says otherwise. */
export type ContentRecipe = DatabaseRecipe | RepositoryRecipe;
export type DatabaseRecipe = ArtifactRecipe | ListingRecipe | FilesRecipe;

interface RecipeBase {
  /** Absent: the line must say it. */
  readonly from?: string;
  /** Whole seconds; absent: any age. */
  readonly maxAge?: number;
}

/** An OCI artifact that says in an annotation when it was made; `from` is its reference. */
interface ArtifactRecipe extends RecipeBase {
  readonly form: 'artifact';
}

/** A JSON file that names an archive, its checksum and when it was made; `from` is its URL. */
interface ListingRecipe extends RecipeBase {
  readonly form: 'listing';
  /** Folder below the files of the release. */
  readonly as: string;
}

/** Files that say in their header when they were made; `from` is the URL of their folder. */
interface FilesRecipe extends RecipeBase {
  readonly form: 'files';
  readonly as: string;
  readonly names: readonly string[];
  /** Those that grow old; the others are made anew once in months or years. */
  readonly ages: readonly string[];
}

/** A directory whose Release file says when it was made; where it comes from and what of it is always the line's to say. */
interface RepositoryRecipe extends RecipeBase {
  readonly form: 'repository';
}

const DAY = 86_400;

/** trivy-db is made every six hours, trivy-java-db once a day or week; Grype refuses a database of more than five days; clamscan warns after seven. A stable distribution is made anew once in months, and those that are renewed often say themselves until when they are good. */
export const CONTENT_RECIPES: Readonly<Record<Exclude<ContentKind, 'apt'>, DatabaseRecipe>> & {
  readonly apt: RepositoryRecipe;
} = {
  apt: { form: 'repository' },
  'trivy-db': { form: 'artifact', from: 'ghcr.io/aquasecurity/trivy-db:2', maxAge: 7 * DAY },
  'trivy-java-db': { form: 'artifact', from: 'ghcr.io/aquasecurity/trivy-java-db:1', maxAge: 14 * DAY },
  'grype-db': {
    form: 'listing',
    from: 'https://grype.anchore.io/databases/v6/latest.json',
    as: 'grype-db',
    maxAge: 5 * DAY,
  },
  'clamav-db': {
    form: 'files',
    as: 'clamav',
    names: ['main.cvd', 'daily.cvd', 'bytecode.cvd'],
    ages: ['daily.cvd'],
    maxAge: 7 * DAY,
  },
};
