// Builds packages/helm/engine/engine.wasm.zst from the Go program beside it, and engine.NOTICE.txt, the licences of what is compiled in. The same bytes come out wherever it is built: modules by
// their sums, one version of Go (fetched by Go itself where another is installed), no paths, no times; compressed by this repository's Node.
// With --check nothing is written: it ends with 1 when what is committed differs. Needs Go, and the module proxy or its cache.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

const noticeFile = join(engine, 'engine.NOTICE.txt');

const program = build();
const notice = licences();
if (argv.includes('--check')) check(program, notice);
else {
  writeFileSync(artifact, compress(program));
  writeFileSync(noticeFile, notice);
}
console.log(`engine.wasm.zst: sha256 ${digestOf(readFileSync(artifact))}, of ${program.byteLength} bytes`);

function build() {
  const directory = mkdtempSync(join(tmpdir(), 'gapferry-engine-'));
  try {
    const out = join(directory, 'engine.wasm');
    const flags = ['-mod=readonly', '-buildmode=c-shared', '-trimpath', '-buildvcs=false'];
    go(['build', ...flags, `-ldflags=-s -w -buildid= -X ${VERSION}`, '-o', out, '.']);
    return readFileSync(out);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function go(args) {
  const { status, error, stdout } = spawnSync('go', args, {
    cwd: engine,
    env: { ...withoutGo(), GOTOOLCHAIN: GO, GOOS: 'wasip1', GOARCH: 'wasm', GOWORK: 'off', GOFLAGS: '' },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) fail(`go ${args[0]} failed${error ? `: ${error.message}` : ''}`);
  return stdout;
}

/** What would change the program, without where Go keeps and finds modules. */
function withoutGo() {
  const changing = /^(?:GOEXPERIMENT|GOWASM|GODEBUG|GOFIPS140|GOROOT|CGO_.*|GO_.*)$/;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !changing.test(name)));
}

/** Every text once, under the modules that have it. What stands in for Kubernetes' modules has their licence, which is Helm's. */
function licences() {
  const format =
    '{{with .Module}}{{if .Version}}{{if not .Replace}}{{.Path}} {{.Version}}\t{{.Dir}}{{end}}{{end}}{{end}}';
  const modules = new Set(go(['list', '-deps', '-f', format, '.']).split('\n').filter(Boolean));
  const holders = new Map();
  const add = (name, path) => {
    const text = readFileSync(path, 'utf8').replaceAll('\r\n', '\n').trim();
    holders.set(text, [...(holders.get(text) ?? []), name]);
  };
  add(`Go's standard library, ${GO}`, join(go(['env', 'GOROOT']).trim(), 'LICENSE'));
  for (const [name, directory] of [...modules].sort().map((line) => line.split('\t')))
    for (const file of readdirSync(directory).sort())
      if (/^(?:licen[cs]e|copying|notice)/i.test(file)) add(`${name}, ${file}`, join(directory, file));
  const parts = [...holders].map(([text, names]) => `${names.join('\n')}\n\n${text}\n`);
  return `The rendering engine contains the Go modules below; their sources are at https://proxy.golang.org.\n\n${parts.join(`\n${'='.repeat(80)}\n\n`)}`;
}

function compress(content) {
  return zstdCompressSync(content, { params: { [constants.ZSTD_c_compressionLevel]: 19 } });
}

function check(built, texts) {
  const committed = readFileSync(artifact);
  if (readFileSync(noticeFile, 'utf8') !== texts) fail('engine.NOTICE.txt is not what the modules say');
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
