import { listOf, memberOf, textIn } from '../git-host/ask-host.ts';
import { globMatcher } from '../git-host/glob-matcher.ts';

/** A rule of a project about tags: which are kept as they are, or which retention leaves. */
export interface TagRule {
  /** Of retention: `always`, `latestPushedK`, `nDaysSinceLastPush`… */
  readonly template: string;
  /** The repository without its project. */
  readonly isFor: (repository: string) => boolean;
  /** Undefined: an artifact without tags. */
  readonly selects: (tag: string | undefined) => boolean;
}

/** Those of a list or policy of Harbor that count (swagger: ImmutableRule, RetentionRule). Harbor looks at the first selector of each kind alone. */
export function parseTagRules(rules: unknown): readonly TagRule[] {
  return listOf(rules)
    .filter((rule) => memberOf(rule, 'disabled') !== true)
    .flatMap((rule) => {
      const [where] = listOf(memberOf(memberOf(rule, 'scope_selectors'), 'repository'));
      const [tags] = listOf(memberOf(rule, 'tag_selectors'));
      if (where === undefined || tags === undefined) return [];
      const isNamed = matcherOf(tags);
      return [
        {
          template: textIn(rule, 'template') ?? '',
          isFor: matcherOf(where),
          selects: (tag: string | undefined) => (tag === undefined ? takesUntagged(tags) : isNamed(tag)),
        },
      ];
    });
}

function matcherOf(selector: unknown): (value: string) => boolean {
  const pattern = textIn(selector, 'pattern') ?? '';
  const matches = pattern === '' ? () => true : globMatcher(pattern, '/');
  return /excludes$/i.test(textIn(selector, 'decoration') ?? '') ? (value) => !matches(value) : matches;
}

/** `extras`: `{"untagged":true}`, as text. */
function takesUntagged(selector: unknown): boolean {
  return !/"untagged":\s*false/.test(textIn(selector, 'extras') ?? '');
}
