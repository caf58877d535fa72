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

/** A disk that only what is started through `before` sees. */
export interface DavDisk {
  /** A directory that is there. */
  readonly root: string;
  readonly before: readonly string[];
}

export interface NginxOptions {
  /** Where its files lie and pass; a directory of its own unless given. */
  readonly place?: DavDisk;
  readonly tls?: TlsIdentity;
  /** `dav_methods`, by default those that a target needs. */
  readonly methods?: string;
  /** Asks for Basic credentials: lines of htpasswd. */
  readonly users?: string;
}

/** nginx with its own WebDAV module: PUT, MKCOL, MOVE and DELETE, without OPTIONS. */
export async function startNginxDav(options: NginxOptions = {}): Promise<DavServer> {
  const home = await temporaryDirectory();
  const root = options.place?.root ?? home.join('files');
  try {
    for (const directory of ['files', 'temp']) await mkdir(home.join(directory));
    const port = await freePort();
    await writeFile(home.join('nginx.conf'), configuration(home.path, root, port, options));
    await writeFile(home.join('users'), options.users ?? '');
    await writeFile(home.join('cert.pem'), options.tls?.cert ?? '');
    await writeFile(home.join('key.pem'), options.tls?.key ?? '', { mode: 0o600 });
    const [first = '', ...args] = [
      ...(options.place?.before ?? []),
      tool('nginx'),
      ...['-p', home.path, '-c', home.join('nginx.conf'), '-e', 'stderr'],
    ];
    const program = await startProgram(first, args, {
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

function configuration(home: string, root: string, port: number, options: NginxOptions): string {
  const { tls, methods = 'PUT DELETE MKCOL MOVE', users } = options;
  // On the disk of the files: then a PUT ends with a rename.
  const temp = options.place === undefined ? `${home}/temp/` : `${root}/.nginx-`;
  const isRoot = process.getuid?.() === 0;
  return `${isRoot ? 'user root;\n' : ''}daemon off;
master_process on;
worker_processes 1;
pid ${home}/nginx.pid;
error_log stderr notice;
events {}
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${temp}${kind};`).join('\n  ')}
  server {
    listen 127.0.0.1:${port}${tls === undefined ? '' : ' ssl'};
    ${tls === undefined ? '' : `ssl_certificate ${home}/cert.pem;\n    ssl_certificate_key ${home}/key.pem;`}
    root ${root};
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
