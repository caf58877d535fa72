/** A repository that was loaded, as those who use it inside need it. */
export interface InsideRepository {
  /** `host[:port]/path`, its identity upstream. */
  readonly upstream: string;
  /** The URL that it was collected from, where it is known and somebody may clone from it. */
  readonly source?: string;
  /** Where it is inside, without credentials. */
  readonly url: string;
  /** Short name of the branch to follow. */
  readonly branch: string;
  /** Object id of the commit that was loaded there. */
  readonly commit: string;
  /** The URL that it was collected from, also where nobody else can clone from it. */
  readonly origin?: string;
  /** Repositories that have it as a submodule, by their identity upstream, and what they call it; absent where that is not known. */
  readonly submoduleOf?: ReadonlyArray<{ readonly upstream: string; readonly name: string }>;
}

/** First line of every file that gapferry makes for those who use repositories. */
export const GIT_CONSUMER_MARK = '# Made by gapferry; changes are lost when it is made again.';

/** A name for Kubernetes (RFC 1123 label): lower case, digits and `-`, at most 63 characters. Two repositories may get the same one, see `distinctNames`. */
function toLabel(upstream: string): string {
  const name = upstream.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  return name.slice(-57).replace(/^-+|-+$/g, '') || 'repository';
}

/** One name for each repository, in their order. */
export function distinctNames(repositories: readonly InsideRepository[]): string[] {
  const taken = new Map<string, number>();
  return repositories.map(({ upstream }) => {
    const name = toLabel(upstream.slice(upstream.indexOf('/') + 1));
    const count = (taken.get(name) ?? 0) + 1;
    taken.set(name, count);
    return count === 1 ? name : `${name}-${count}`;
  });
}

/** A YAML 1.2 string: JSON's are among them. */
export function quoted(text: string): string {
  return JSON.stringify(text);
}
