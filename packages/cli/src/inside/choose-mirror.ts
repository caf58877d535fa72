import type { TargetConfig } from '@gapferry/bundle';
import { GapferryError } from '@gapferry/core';
import type { Mirror } from '@gapferry/targets';
import type { Site } from './open-site.ts';

export interface ChosenMirror {
  /** The target's name. */
  readonly target: string;
  readonly mirror: Mirror;
  /** Absolute path of the file with the authority's certificate that goes with the configuration. */
  readonly caFile?: string;
}

/** File with the authority's certificate, beside what is written. */
const CA = 'ca.pem';

/** The target that holds images, as nodes reach it: the one named, or the first that takes images. Throws `USAGE`. */
export function chooseMirror(
  site: Site,
  given: { readonly target?: string; readonly url?: string },
): ChosenMirror {
  const config = chooseTarget(site, given.target);
  const url = toOrigin(
    given.url ?? (config.kind === 'depot' || 'refs' in config ? undefined : config.url),
    config,
  );
  if (config.kind === 'depot') return { target: config.name, mirror: { url, path: '{host}/{path}' } };
  return {
    target: config.name,
    mirror: {
      url,
      path: config.path,
      ...(config.ca !== undefined && { ca: CA }),
      ...(config.insecure && url.startsWith('https:') && { skipVerify: true }),
      ...(config.cert !== undefined && { wantsClientCertificate: true }),
    },
    ...(config.ca !== undefined && { caFile: site.pathOf(config.ca) }),
  };
}

type ImageTarget = Exclude<TargetConfig, { readonly takes: readonly 'file'[] }>;

function chooseTarget({ config, file }: Site, name: string | undefined): ImageTarget {
  const holding = config.targets.filter((target): target is ImageTarget =>
    (target.takes as readonly string[]).includes('image'),
  );
  const chosen = name === undefined ? holding[0] : holding.find((target) => target.name === name);
  if (chosen !== undefined) return chosen;
  const names = holding.map((target) => target.name);
  throw new GapferryError({
    code: 'USAGE',
    message:
      name === undefined
        ? `no target of ${file} takes images`
        : `${file} has no target named ${name} that takes images`,
    hint: names.length === 0 ? 'add one to the file' : `there is ${names.join(', ')}`,
    origin: 'site',
  });
}

function toOrigin(text: string | undefined, { name }: TargetConfig): string {
  if (text === undefined)
    throw new GapferryError({
      code: 'USAGE',
      message: `nodes reach the embedded depot ${name} through "gapferry serve", and nobody said where that is`,
      hint: 'say it with --url, for example --url http://10.0.0.5:5000',
    });
  const url = URL.parse(text);
  if (
    url !== null &&
    /^https?:$/.test(url.protocol) &&
    url.host !== '' &&
    `${url.username}${url.password}${url.search}${url.hash}` === '' &&
    url.pathname === '/'
  )
    return url.origin;
  throw new GapferryError({
    code: 'USAGE',
    message: '--url is not https://HOST or https://HOST:PORT',
    hint: 'a path in front of the repositories belongs in `path` of the target; credentials belong to the node',
  });
}
