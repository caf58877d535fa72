// Measures the built command line beside other programs that do the same work: see README.md.
//   npm run bench -- collect|verify|import|start|memory [--runs N] [--size BYTES]
import { parseArgs } from 'node:util';
import { benchCollect } from './collect.ts';
import { benchImport } from './import.ts';
import { benchMemory } from './memory.ts';
import { describeMachine } from './report.ts';
import { benchStart } from './start.ts';
import { benchVerify } from './verify.ts';

type Bench = (runs: number | undefined, size: number | undefined) => Promise<string>;

const BENCHES: Readonly<Record<string, Bench>> = {
  collect: (runs = 5, size) => benchCollect(runs, size),
  verify: (runs = 7, size) => benchVerify(runs, size),
  import: (runs = 5, size) => benchImport(runs, size),
  start: (runs = 20) => benchStart(runs),
  memory: (_, size) => benchMemory(size),
};

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: 'string' }, size: { type: 'string' } },
});
const bench = BENCHES[positionals[0] ?? ''];
if (bench === undefined || positionals.length !== 1) {
  process.stderr.write(
    `usage: npm run bench -- ${Object.keys(BENCHES).join('|')} [--runs N] [--size BYTES]\n`,
  );
  process.exitCode = 2;
} else {
  const [runs, size] = [wholeNumber('runs', values.runs), wholeNumber('size', values.size)];
  process.stdout.write(`${describeMachine()}\n`);
  process.stdout.write(`${await bench(runs, size)}\n`);
}

function wholeNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text.replaceAll('_', ''));
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new Error(`--${name} ${text}: not a whole number above 0`);
}
