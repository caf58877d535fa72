import { mkdir, writeFile } from 'node:fs/promises';
import { freePort, type TlsIdentity, temporaryDirectory } from '@gapferry/testkit';
import { startProgram } from './start-program.ts';
import { tool } from './tools.ts';

/** A real file server that takes WebDAV, on a free port of 127.0.0.1, with its files below a directory of its own. */
export interface DavServer extends AsyncDisposable {
  /** Without a slash at the end. */
  readonly url: string;
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** Where its files lie. */
  readonly root: string;
}

export interface NginxOptions {
  readonly tls?: TlsIdentity;
  /** `dav_methods`, by default those that a target needs. */
  readonly methods?: string;
  /** Asks for Basic credentials: lines of htpasswd. */
  readonly users?: string;
}

/** nginx with its own WebDAV module: PUT, MKCOL, MOVE and DELETE, without OPTIONS. */
export async function startNginxDav(options: NginxOptions = {}): Promise<DavServer> {
  const home = await temporaryDirectory();
  const root = home.join('files');
  try {
    for (const directory of ['files', 'temp']) await mkdir(home.join(directory));
    const port = await freePort();
    await writeFile(home.join('nginx.conf'), configuration(home.path, port, options));
    await writeFile(home.join('users'), options.users ?? '');
    await writeFile(home.join('cert.pem'), options.tls?.cert ?? '');
    await writeFile(home.join('key.pem'), options.tls?.key ?? '', { mode: 0o600 });
    const args = ['-p', home.path, '-c', home.join('nginx.conf'), '-e', 'stderr'];
    const program = await startProgram(tool('nginx'), args, {
      ready: /start worker processes/,
      env: { PATH: process.env['PATH'] },
    });
    return {
      url: `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
      host: `127.0.0.1:${port}`,
      root,
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

function configuration(home: string, port: number, options: NginxOptions): string {
  const { tls, methods = 'PUT DELETE MKCOL MOVE', users } = options;
  const isRoot = process.getuid?.() === 0;
  return `${isRoot ? 'user root;\n' : ''}daemon off;
master_process on;
worker_processes 1;
pid ${home}/nginx.pid;
error_log stderr notice;
events {}
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${home}/temp/${kind};`).join('\n  ')}
  server {
    listen 127.0.0.1:${port}${tls === undefined ? '' : ' ssl'};
    ${tls === undefined ? '' : `ssl_certificate ${home}/cert.pem;\n    ssl_certificate_key ${home}/key.pem;`}
    root ${home}/files;
    client_max_body_size 0;
    ${users === undefined ? '' : `auth_basic files;\n    auth_basic_user_file ${home}/users;`}
    location / {
      dav_methods ${methods};
      create_full_put_path on;
      dav_access user:rw group:r all:r;
    }
  }
}
`;
}
