/** What the fake keeps of a project. */
export interface GitlabProject {
  readonly path: string;
  readonly visibility: string;
  archived: boolean;
  mirror: boolean;
  description: string;
  defaultBranch: string | null;
  topics: string[];
  level: number;
  protectedBranches: GitlabRule[];
  protectedTags: GitlabRule[];
  /** Of its container registry (API: projects, container_repository_protection_rules, container_registry_protection_tag_rules). */
  registryAccess: 'enabled' | 'private' | 'disabled';
  expiration?: GitlabExpiration;
  readonly registryRules: GitlabRegistryRule[];
  readonly registryTagRules: GitlabRegistryTagRule[];
}

export interface GitlabExpiration {
  readonly enabled: boolean;
  readonly cadence: string;
  readonly keep_n: number | null;
  readonly older_than: string | null;
  /** Of tags that go, and of those that stay: as wholes (RE2). */
  readonly name_regex: string | null;
  readonly name_regex_keep: string | null;
}

export type GitlabRole = 'maintainer' | 'owner' | 'admin';

export interface GitlabRegistryRule {
  readonly repository_path_pattern: string;
  readonly minimum_access_level_for_push: GitlabRole | null;
}

/** Without levels: nobody moves such a tag. */
export interface GitlabRegistryTagRule {
  readonly tag_name_pattern: string;
  readonly minimum_access_level_for_push: GitlabRole | null;
}

export interface GitlabRule {
  readonly name: string;
  readonly level: number;
  allow_force_push: boolean;
}
