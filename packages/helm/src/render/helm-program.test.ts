import { chmod, readdir, readFile, writeFile } from 'node:fs/promises';
import { quietRun } from '@gapferry/core';
import { type TemporaryDirectory, temporaryDirectory } from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { helmProgram } from './helm-program.ts';

let home: TemporaryDirectory;
beforeEach(async () => {
  home = await temporaryDirectory();
});
afterEach(() => home.remove());

const JOB = { item: 'the demo', archive: Buffer.from('an archive') };

/** A program that is called helm and does what the lines say. */
async function program(...lines: string[]): Promise<{ program: string; path: string }> {
  const path = home.join('helm');
  await writeFile(path, `#!/bin/sh\n${lines.join('\n')}\n`);
  await chmod(path, 0o755);
  return { program: path, path: process.env['PATH'] ?? '' };
}

describe('a helm of this machine', () => {
  it('is asked as for helm template, in a home of its own', async () => {
    const helm = await program(
      `env > ${home.join('env')}; pwd > ${home.join('pwd')}`,
      'printf "%s\\n" "$@"; cat chart.tgz values-0.yaml values-1.yaml',
    );
    const values = ['a: 1\n', 'a: 2\n'].map((content, at) => ({ name: `${at}`, content }));
    const { text } = await helmProgram(helm).render(
      {
        ...JOB,
        values,
        release: '-x',
        namespace: 'plant',
        kubeVersion: 'v1.33.1',
        apiVersions: ['v1/A', 'v1/B'],
        crds: true,
        tests: false,
      },
      quietRun(),
    );
    const args = [
      'template',
      '--namespace=plant',
      '--values=values-0.yaml',
      '--values=values-1.yaml',
      '--kube-version=v1.33.1',
      '--api-versions=v1/A',
      '--api-versions=v1/B',
      '--include-crds',
      '--skip-tests',
      '--',
      '-x',
      'chart.tgz',
    ];
    expect(text).toBe(`${args.join('\n')}\nan archivea: 1\na: 2\n`);
    const where = (await readFile(home.join('pwd'), 'utf8')).trim();
    const names = (await readFile(home.join('env'), 'utf8')).split('\n').map((line) => line.split('=')[0]);
    const given = ['PATH', 'HOME', 'HELM_CACHE_HOME', 'HELM_CONFIG_HOME', 'HELM_DATA_HOME', 'HELM_PLUGINS'];
    expect(names.filter((name) => !['', 'PWD', 'OLDPWD', 'SHLVL', '_'].includes(name ?? '')).sort()).toEqual(
      given.sort(),
    );
    await expect(readdir(where)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('that refuses a chart is repeated with the place', async () => {
    const helm = await program(
      `echo 'Error: execution error at (demo/templates/a.yaml:3:4): tier is needed' >&2; exit 1`,
    );
    await expect(helmProgram(helm).render(JOB, quietRun())).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'the demo: the chart does not render: demo/templates/a.yaml:3:4: tier is needed',
      data: { file: 'demo/templates/a.yaml', line: 3 },
    });
  });

  it('that is not there is a missing tool, and names the variable', async () => {
    const nowhere = { program: home.join('nowhere'), path: '' };
    await expect(helmProgram(nowhere).render(JOB, quietRun())).rejects.toMatchObject({
      code: 'TOOL_MISSING',
      hint: expect.stringContaining('GAPFERRY_HELM'),
    });
  });

  it('that says too much is stopped', async () => {
    const helm = await program('exec yes');
    await expect(helmProgram(helm).render(JOB, quietRun())).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      data: { limit: 'output' },
    });
  });

  it('is stopped with the run', async () => {
    const stop = new AbortController();
    const helm = await program(`echo > ${home.join('begun')}; exec sleep 60`);
    const rendering = helmProgram(helm).render(JOB, { signal: stop.signal, emit: () => {} });
    const begun = async (): Promise<boolean> => (await readdir(home.path)).includes('begun');
    const watch = setInterval(async () => (await begun()) && stop.abort(), 20);
    await expect(rendering).rejects.toMatchObject({ code: 'INTERRUPTED' });
    clearInterval(watch);
  });
});
