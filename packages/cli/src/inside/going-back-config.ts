import type { TargetConfig } from '@gapferry/bundle';

/** How a target is treated when the site goes back to an older release: the channel's own refs may be forced and its tags moved, each with its backup ref, and nothing is deleted. What the
 *  host itself protects is as the site says. */
export function goingBackConfig(config: TargetConfig): TargetConfig {
  switch (config.kind) {
    case 'gitea':
    case 'gitlab':
    case 'git':
      return { ...config, refs: { ...config.refs, force: 'backup', tags: 'move', prune: false } };
    case 's3': {
      const { keep: _all, ...rest } = config;
      return rest;
    }
    case 'directory': {
      const { keep: _all, ...rest } = config;
      return { ...rest, prune: false };
    }
    case 'webdav': {
      const { keep: _all, ...rest } = config;
      return { ...rest, prune: false };
    }
    default:
      return config;
  }
}
