// Preloaded (`node --import`): counts the steps of a command by which a site remembers what it does (entries of its ledger, and files of its state that get their names), and kills the process
// (SIGKILL) exactly before or after one of them. KILL_AT is "NUMBER before" or "NUMBER after", or "before LABEL" or "after LABEL" of a step; STEPS_IN the state directory; STEPS_LOG gets one line per step and side.
import fs, { appendFileSync } from 'node:fs';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { relative } from 'node:path';

const { KILL_AT = '', STEPS_IN = '', STEPS_LOG = '' } = process.env;
/** Caches and locks are none: nothing is remembered there. */
const REMEMBERED =
  /^(?:trust-state\.json$|(?:receipts|lifted|uploads|overrides)\/|releases\/[^/]+\/[^/]+\/releases\/[^/]+\/\d+$|releases\/[^/]+\/[^/]+\.going$)/;
let steps = 0;

function begin(label) {
  steps += 1;
  return tell(`${steps} before`, label);
}

function tell(moment, label) {
  appendFileSync(STEPS_LOG, `${moment} ${label}\n`);
  if (moment === KILL_AT || `${moment.split(' ')[1]} ${label}` === KILL_AT)
    process.kill(process.pid, 'SIGKILL');
  return moment.replace('before', 'after');
}

/** What is about to be remembered, as the guide calls it. */
function labelOf(path, from, to) {
  const [place] = path.split('/');
  if (place === 'uploads') return isEmpty(from) ? 'upload ended' : 'upload begun';
  if (place === 'lifted') return isEmpty(from) ? 'rule restored' : 'rule lifted';
  if (place === 'receipts') return 'receipt';
  if (place === 'releases') return path.endsWith('.going') ? 'release forgotten' : 'release kept';
  if (place === 'overrides') return 'order kept';
  return marksIn(from) === marksIn(to) ? 'head noted' : 'mark';
}

function isEmpty(file) {
  return fs.readFileSync(file, 'utf8').trim() === '[]';
}

function marksIn(file) {
  return JSON.stringify(JSON.parse(fs.readFileSync(file, 'utf8')).marks);
}

/** Which target's names an entry is about. The tag of an attachment has the digest of what it is attached to. */
function aboutOf({ target, place, names }) {
  const isAttached = /:sha256-[0-9a-f]{64}/.test(place ?? names?.[0]?.place ?? '');
  return [...(target === undefined ? [] : [target]), ...(isAttached ? ['attachments'] : [])];
}

// Only the ledger inserts, one entry per transaction.
const Database = createRequire(fs.realpathSync(process.argv[1] ?? '.'))('better-sqlite3');
const { prepare, transaction } = Database.prototype;
let entry;
Database.prototype.prepare = function (sql) {
  const statement = prepare.call(this, sql);
  if (!sql.startsWith('INSERT INTO entry')) return statement;
  return {
    run(row) {
      const label = [row.kind, ...aboutOf(JSON.parse(row.data))].join(' ');
      entry = { label, after: begin(label) };
      return statement.run(row);
    },
  };
};
Database.prototype.transaction = function (work) {
  const { immediate } = transaction.call(this, work);
  return {
    immediate(...args) {
      const result = immediate.apply(this, args);
      if (entry !== undefined) tell(entry.after, entry.label);
      entry = undefined;
      return result;
    },
  };
};

const { renameSync } = fs;
fs.renameSync = (from, to) => {
  const path = relative(STEPS_IN, String(to));
  if (!REMEMBERED.test(path)) return renameSync(from, to);
  const label = labelOf(path, from, to);
  const after = begin(label);
  renameSync(from, to);
  tell(after, label);
};
for (const name of ['rename', 'link']) {
  const original = fs.promises[name];
  fs.promises[name] = async (from, to) => {
    const path = relative(STEPS_IN, String(to));
    if (!REMEMBERED.test(path)) return await original(from, to);
    const label = labelOf(path, from, to);
    const after = begin(label);
    const result = await original(from, to);
    tell(after, label);
    return result;
  };
}
syncBuiltinESMExports();
