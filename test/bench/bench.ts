// Measures the built command line beside other programs that do the same work: see README.md.
//   npm run bench -- collect|push|plan|verify|import|git|files|render|start|memory [--runs N] [--size BYTES] [--count N] [--peers a,b] [--registry R]
import { parseArgs } from 'node:util';
import { type BenchOptions, REGISTRY_CHOICES, type RegistryChoice } from './bench-options.ts';
import { benchCollect } from './collect.ts';
import { benchFiles } from './files.ts';
import { benchGit } from './git.ts';
import { benchImport } from './import.ts';
import { benchMemory } from './memory.ts';
import { benchPlan } from './plan.ts';
import { benchPush } from './push.ts';
import { benchRender } from './render.ts';
import { describeMachine } from './report.ts';
import { benchStart } from './start.ts';
import { benchVerify } from './verify.ts';

const BENCHES: Readonly<Record<string, (options: BenchOptions) => Promise<string>>> = {
  collect: benchCollect,
  push: benchPush,
  plan: benchPlan,
  verify: benchVerify,
  import: benchImport,
  git: benchGit,
  files: benchFiles,
  render: benchRender,
  start: benchStart,
  memory: benchMemory,
};

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string' },
    size: { type: 'string' },
    count: { type: 'string' },
    peers: { type: 'string' },
    registry: { type: 'string' },
  },
});
const bench = BENCHES[positionals[0] ?? ''];
if (bench === undefined || positionals.length !== 1) {
  process.stderr.write(
    `usage: npm run bench -- ${Object.keys(BENCHES).join('|')} [--runs N] [--size BYTES] [--count N] [--peers NAME,…] [--registry ${REGISTRY_CHOICES.join('|')}]\n`,
  );
  process.exitCode = 2;
} else {
  const options = {
    runs: wholeNumber('runs', values.runs),
    size: wholeNumber('size', values.size),
    count: wholeNumber('count', values.count),
    peers: values.peers?.split(',').filter((key) => key !== ''),
    registry: registryChoice(values.registry),
  };
  process.stdout.write(`${describeMachine()}\n`);
  process.stdout.write(`${await bench(options)}\n`);
}

function wholeNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text.replaceAll('_', ''));
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new Error(`--${name} ${text}: not a whole number above 0`);
}

function registryChoice(text: string | undefined): RegistryChoice | undefined {
  const choice = REGISTRY_CHOICES.find((known) => known === text);
  if (text !== undefined && choice === undefined)
    throw new Error(`--registry ${text}: there are ${REGISTRY_CHOICES.join(', ')}`);
  return choice;
}
