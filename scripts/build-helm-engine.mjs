// Builds packages/helm/engine/engine.wasm.zst from the Go program beside it. The same bytes come out wherever it is built: modules by
// their sums, one version of Go (fetched by Go itself where another is installed), no paths, no times; compressed by this repository's Node.
// With --check nothing is written: it ends with 1 when what is committed differs. Needs Go, and the module proxy or its cache.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { argv, env, exit } from 'node:process';
import { fileURLToPath } from 'node:url';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';

const GO = 'go1.26.8';
/** What a released Helm says of itself. */
const VERSION = 'helm.sh/helm/v4/internal/version.version=v4.3.1';
const engine = fileURLToPath(new URL('../packages/helm/engine', import.meta.url));
const artifact = join(engine, 'engine.wasm.zst');

const program = build();
if (argv.includes('--check')) check(program);
else writeFileSync(artifact, compress(program));
console.log(`engine.wasm.zst: sha256 ${digestOf(readFileSync(artifact))}, of ${program.byteLength} bytes`);

function build() {
  const directory = mkdtempSync(join(tmpdir(), 'gapferry-engine-'));
  try {
    const out = join(directory, 'engine.wasm');
    const flags = ['-mod=readonly', '-buildmode=c-shared', '-trimpath', '-buildvcs=false'];
    const ldflags = `-ldflags=-s -w -buildid= -X ${VERSION}`;
    const { status, error } = spawnSync('go', ['build', ...flags, ldflags, '-o', out, '.'], {
      cwd: engine,
      env: { ...withoutGo(), GOTOOLCHAIN: GO, GOOS: 'wasip1', GOARCH: 'wasm', GOWORK: 'off', GOFLAGS: '' },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    if (status !== 0) fail(`go build failed${error ? `: ${error.message}` : ''}`);
    return readFileSync(out);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** What would change the program, without where Go keeps and finds modules. */
function withoutGo() {
  const changing = /^(?:GOEXPERIMENT|GOWASM|GODEBUG|GOFIPS140|GOROOT|CGO_.*|GO_.*)$/;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !changing.test(name)));
}

function compress(content) {
  return zstdCompressSync(content, { params: { [constants.ZSTD_c_compressionLevel]: 19 } });
}

function check(built) {
  const committed = readFileSync(artifact);
  if (!zstdDecompressSync(committed).equals(built))
    fail('the committed engine is not what the source builds');
  if (!compress(built).equals(committed)) fail('the committed engine is compressed otherwise');
}

function digestOf(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}

function fail(reason) {
  console.error(reason);
  exit(1);
}
