import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { freePort } from '../free-port.ts';
import { startHttpServer } from '../http/http-server.ts';
import { temporaryDirectory } from '../temporary-directory.ts';
import { mustRun, runProcess } from './run-process.ts';
import { which } from './which.ts';

const node = process.execPath;

describe('runProcess', () => {
  it('gives exit code, output and what it was told', async () => {
    await using home = await temporaryDirectory();
    const script =
      'process.stdin.pipe(process.stdout); console.error(process.cwd(), process.env.A); process.exitCode = 3';
    const options = { cwd: home.path, env: { A: 'b' }, input: 'in' };
    expect(await runProcess(node, ['-e', script], options)).toEqual({
      code: 3,
      signal: null,
      stdout: 'in',
      stderr: `${home.path} b\n`,
    });
  });

  it('kills the process when its output says so', async () => {
    const script = "console.log('ready'); setInterval(() => {}, 1000)";
    const killAfter = ({ stdout }: { stdout: string }): boolean => stdout.includes('ready');
    const result = await runProcess(node, ['-e', script], { killAfter });
    expect(result).toMatchObject({ code: null, signal: 'SIGKILL', stdout: 'ready\n' });
    const polite = await runProcess(node, ['-e', script], { killAfter, killWith: 'SIGTERM' });
    expect(polite.signal).toBe('SIGTERM');
  });

  it('rejects for a program that is not there', async () => {
    await expect(runProcess('/no/such/program')).rejects.toThrow('ENOENT');
    await expect(mustRun(node, ['-e', 'process.exit(9)'])).rejects.toThrow('exit code 9');
  });
});

describe('the rest of the bench', () => {
  it('finds programs and says what is not there', () => {
    expect(which('sh')).toMatch(/\/sh$/);
    expect(which('no-such-program-anywhere')).toBeUndefined();
  });

  it('removes a temporary directory with what is in it', async () => {
    let path = '';
    {
      await using home = await temporaryDirectory();
      path = home.path;
      await mustRun('mkdir', ['-p', home.join('a/b')]);
      expect(existsSync(home.join('a/b'))).toBe(true);
    }
    expect(existsSync(path)).toBe(false);
  });

  it('finds a port that somebody can listen on', async () => {
    await using server = await startHttpServer(() => ({ status: 204 }));
    const port = await freePort();
    expect(port).toBeGreaterThan(0);
    expect(port).not.toBe(server.port);
  });
});
