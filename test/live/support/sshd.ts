import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { freePort, mustRun, type TemporaryDirectory, temporaryDirectory } from '@gapferry/testkit';
import { type RunningProgram, startProgram } from './start-program.ts';
import { tool } from './tools.ts';

/** A real sshd on a free port of 127.0.0.1 that lets the user of the tests in with one key, and a client side of its own. */
export interface Sshd extends AsyncDisposable {
  readonly port: number;
  /** `ssh://user@127.0.0.1:PORT`. */
  readonly url: string;
  /** Its line for known_hosts. */
  readonly knownHost: string;
  /** What a machine needs in its environment to use the client side and not the user's own ~/.ssh. */
  readonly environment: Readonly<Record<string, string>>;
  /** Replaces the client's known_hosts. */
  trust(knownHosts: string): Promise<void>;
  /** Replaces the client's key by one that the server does not know, or by the right one. */
  useKey(which: 'right' | 'wrong'): Promise<void>;
  /** Writes the key that the server knows to a file. */
  keyTo(file: string): Promise<void>;
}

export async function startSshd(): Promise<Sshd> {
  const home = await temporaryDirectory();
  try {
    for (const name of ['host', 'right', 'wrong'])
      await mustRun(tool('ssh-keygen'), ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', home.join(name)]);
    const { program, port } = await listen(home);
    const [kind, key] = (await readFile(home.join('host.pub'), 'utf8')).split(' ');
    await writeClient(home);
    const useKey = async (which: string): Promise<void> => {
      await writeFile(home.join('client-key'), await readFile(home.join(which)), { mode: 0o600 });
    };
    await useKey('right');
    return {
      port,
      url: `ssh://${userInfo().username}@127.0.0.1:${port}`,
      knownHost: `[127.0.0.1]:${port} ${kind} ${key}\n`,
      environment: { PATH: `${home.join('bin')}:${process.env['PATH']}` },
      trust: (text) => writeFile(home.join('known_hosts'), text),
      useKey,
      keyTo: async (file) => writeFile(file, await readFile(home.join('right')), { mode: 0o600 }),
      [Symbol.asyncDispose]: async () => {
        await program.stop();
        await home.remove();
      },
    };
  } catch (error) {
    await home.remove();
    throw error;
  }
}

/** sshd cannot choose a port itself; when somebody takes the free one first, it gets another. */
async function listen(home: TemporaryDirectory): Promise<{ program: RunningProgram; port: number }> {
  const root = process.getuid?.() === 0;
  // Debian's package makes it at boot, and there may have been no boot.
  if (root) await mkdir('/run/sshd', { recursive: true, mode: 0o755 });
  await writeFile(home.join('authorized_keys'), await readFile(home.join('right.pub')));
  for (let tries = 1; ; tries += 1) {
    const port = await freePort();
    await writeFile(home.join('sshd_config'), serverConfig(home, port, root));
    try {
      const program = await startProgram(tool('sshd'), ['-D', '-e', '-f', home.join('sshd_config')], {
        ready: /Server listening on 127\.0\.0\.1 port \d+/,
        env: { PATH: process.env['PATH'] },
      });
      return { program, port };
    } catch (error) {
      if (tries === 5 || !String(error).includes('Address already in use')) throw error;
    }
  }
}

function serverConfig(home: TemporaryDirectory, port: number, root: boolean): string {
  return [
    'ListenAddress 127.0.0.1',
    `Port ${port}`,
    `HostKey ${home.join('host')}`,
    `AuthorizedKeysFile ${home.join('authorized_keys')}`,
    'PidFile none',
    'StrictModes no',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PermitRootLogin prohibit-password',
    // Without PAM an account with a locked password is refused; with it only root can run sshd.
    `UsePAM ${root ? 'yes' : 'no'}`,
    'SetEnv GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null',
    '',
  ].join('\n');
}

/** ssh finds ~/.ssh by the user database, whatever HOME says: only a program of this name, earlier on the PATH, keeps the user's files out. */
async function writeClient(home: TemporaryDirectory): Promise<void> {
  const config = [
    `UserKnownHostsFile ${home.join('known_hosts')}`,
    'GlobalKnownHostsFile /dev/null',
    `IdentityFile ${home.join('client-key')}`,
    'IdentitiesOnly yes',
    'IdentityAgent none',
    '',
  ];
  await writeFile(home.join('ssh_config'), config.join('\n'));
  await writeFile(home.join('known_hosts'), '');
  await mkdir(home.join('bin'));
  const program = home.join('bin/ssh');
  await writeFile(program, `#!/bin/sh\nexec '${tool('ssh')}' -F '${home.join('ssh_config')}' "$@"\n`);
  await chmod(program, 0o755);
}
