import { readFile, writeFile } from 'node:fs/promises';
import { type Demo, inDemo, SITE } from './demo.ts';
import { expect } from './failure.ts';

/** Upstream moves on; the operator takes the new version of the file into the bundle; the rest follows from the wishes. */
export async function collectSecond(demo: Demo): Promise<void> {
  const { screen, shell, upstream } = demo;
  screen.heading('The next day: a tag moved, new charts, two commits, a new file; collect again');
  await upstream.change();
  await wishNewFile(demo);
  const { stdout } = await shell.gapferry(['collect', 'bundles/demo', '--version', '1.1.0'], { show: 2 });
  expect(/reused 1\d\d MB/.test(stdout), `the second collect did not reuse what was there:\n${stdout}`);
  screen.proved('only what is new was fetched; this release names the one before it');
}

async function wishNewFile(demo: Demo): Promise<void> {
  const file = inDemo(demo, 'bundles/demo/bundle.yaml');
  const { path, digest } = (await demo.upstream.published()).file;
  const before = await readFile(file, 'utf8');
  const after = before
    .replace(/\/site-check\/1\.0\/site-check\.sh/, path)
    .replace(/sha256: [0-9a-f]{64}/, `sha256: ${digest.slice('sha256:'.length)}`);
  expect(after !== before, 'bundles/demo/bundle.yaml does not name the first version of the file');
  await writeFile(file, after);
}

export async function showDiff({ screen, shell }: Demo): Promise<void> {
  screen.heading('What changes between the two releases');
  const { stdout } = await shell.gapferry(['diff', 'depot#demo/1', 'depot#demo/2'], {
    show: /^(?!demo )/,
  });
  for (const expected of ['gapferry/gapferry', '1.1.0', 'v1.1.0', 'site-check.sh', '+2 −0'])
    expect(stdout.includes(expected), `diff does not tell of ${expected}:\n${stdout}`);
  screen.proved('an approver sees tags, versions, commits and files, without unpacking anything');
}

export async function importSecond({ screen, shell }: Demo): Promise<void> {
  screen.heading('Carry and import the second release; import it once more');
  await shell.gapferry(['export', 'depot', '--to', 'stick'], { show: /^wrote/ });
  await shell.gapferry(['import', 'stick', ...SITE, '--yes'], { show: 1 });
  const { stdout } = await shell.gapferry(['import', 'stick', ...SITE, '--yes'], { show: 1 });
  expect(/nothing changed/.test(stdout), `the second import of one release changed something:\n${stdout}`);
  screen.proved('a second import of the same release changes nothing and says so');
}
