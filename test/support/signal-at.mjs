// Preloaded (`node --import`): sends the process a signal of its own just before its Nth effect on the file system,
// so that a test can stop it at every point, without a clock. SIGNAL_AT is "SIGNAL NUMBER", or "SIGNAL TEXT" for the first
// effect that has the text in its name or paths; EFFECTS_LOG gets one line per effect, without what is written.
import fs, { appendFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const [signal, ...point] = (process.env.SIGNAL_AT ?? 'SIGKILL none').split(' ');
const at = point.join(' ');
const log = process.env.EFFECTS_LOG;
let effects = 0;

let sent = false;
let counting = false;

function count(name, paths) {
  if (counting) return;
  counting = true;
  try {
    countOne(name, paths);
  } finally {
    counting = false;
  }
}

function countOne(name, paths) {
  effects += 1;
  const line = [name, ...paths].join(' ');
  if (log) appendFileSync(log, `${effects} ${line}\n`);
  if (sent || (/^\d+$/.test(at) ? effects !== Number(at) : !line.includes(at))) return;
  sent = true;
  process.kill(process.pid, signal);
}

/** `paths`: how many of the arguments are paths, the others being content or options. */
function watch(object, name, paths) {
  const original = object[name];
  if (typeof original !== 'function') throw new Error(`Node has no ${name} to watch`);
  const watched = function watched(...args) {
    if (!readsOnly(name, args)) count(name, args.slice(0, paths).map(String));
    return original.apply(this, args);
  };
  // With what `promisify` looks for.
  object[name] = Object.defineProperties(watched, Object.getOwnPropertyDescriptors(original));
}

/** Opening what is there to read it is no effect, and node does it for every module. */
function readsOnly(name, [, flags]) {
  const changes = fs.constants.O_WRONLY | fs.constants.O_RDWR | fs.constants.O_CREAT;
  return (
    /^open(?:Sync)?$/.test(name) && (typeof flags === 'number' ? (flags & changes) === 0 : flags === 'r')
  );
}

const handle = await fs.promises.open('/dev/null');
for (const name of ['write', 'writev', 'writeFile', 'sync']) watch(Object.getPrototypeOf(handle), name, 0);
await handle.close();
for (const name of ['rename', 'copyFile']) watch(fs.promises, name, 2);
for (const name of ['open', 'mkdir', 'rm', 'unlink', 'writeFile', 'chmod']) watch(fs.promises, name, 1);
// What is brief is done at once, or by calls of threads.
for (const name of ['renameSync']) watch(fs, name, 2);
for (const name of ['open', 'openSync']) watch(fs, name, 1);
for (const name of ['write', 'writeSync', 'fsync', 'fsyncSync']) watch(fs, name, 0);
syncBuiltinESMExports();
