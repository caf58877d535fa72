import { join } from 'node:path';
import { findProgram, isProgram } from './find-program.mjs';
import { buildOnce, cachedAt } from './go-build.mjs';

/** Programs that Debian does not have, at the versions the tests were written against. `program` is the file's name where it is not the tool's; `flags` are for `go install`. */
const TOOLS = [
  {
    name: 'crane',
    module: 'github.com/google/go-containerregistry/cmd/crane',
    version: 'v0.22.1',
    limitMinutes: 4,
  },
  {
    name: 'regctl',
    module: 'github.com/regclient/regclient/cmd/regctl',
    version: 'v0.11.7',
    limitMinutes: 4,
  },
  { name: 'helm', module: 'helm.sh/helm/v3/cmd/helm', version: 'v3.22.0', limitMinutes: 6 },
  {
    name: 'helm-4',
    program: 'helm',
    module: 'helm.sh/helm/v4/cmd/helm',
    version: 'v4.3.1',
    // What a release says of itself, which templates can read.
    flags: ['-ldflags', '-X helm.sh/helm/v4/internal/version.version=v4.3.1'],
    limitMinutes: 6,
  },
  {
    name: 'kustomize',
    module: 'sigs.k8s.io/kustomize/kustomize/v5',
    version: 'v5.8.1',
    limitMinutes: 4,
  },
  {
    name: 'distribution-3',
    program: 'registry',
    module: 'github.com/distribution/distribution/v3/cmd/registry',
    version: 'v3.1.2',
    limitMinutes: 8,
  },
  {
    name: 'cosign',
    module: 'github.com/sigstore/cosign/v3/cmd/cosign',
    version: 'v3.1.3',
    limitMinutes: 10,
  },
  {
    name: 'git-lfs',
    module: 'github.com/git-lfs/git-lfs/v3',
    version: 'v3.8.1',
    limitMinutes: 4,
  },
  {
    // Upstream makes no releases any more: the last commit of its source.
    name: 'minio',
    module: 'github.com/minio/minio',
    version: 'v0.0.0-20260212201848-7aac2a2c5b7c',
    limitMinutes: 12,
  },
];

/** Builds what the cache lacks, where there is Go, and tells for each tool where it is or why it is not there. */
export function bringGoTools() {
  return TOOLS.map((tool) => {
    const { name, version, program = name } = tool;
    const path = join(cachedAt(name, version), program);
    const reason = isProgram(path) ? undefined : buildOnce(tool, (build) => install(tool, build));
    if (reason === undefined) return { name, version, path };
    const other = findProgram(name);
    return other ? { name, path: other } : { name, reason };
  });
}

function install({ module, version, flags = [] }, { out, go }) {
  return go(['install', ...flags, `${module}@${version}`], { GOBIN: out, CGO_ENABLED: '0' }).reason;
}
