import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { freePort, temporaryDirectory } from '@gapferry/testkit';
import { startProgram } from './start-program.ts';
import { tool } from './tools.ts';

/** A real file server upstream, on a free port of 127.0.0.1. */
export interface NginxUpstream extends AsyncDisposable {
  /** Without a slash at the end. */
  readonly url: string;
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** Writes a file, found below `/`, below `/private/` with credentials, and below `/slow/` at 4 MB/s. */
  put(name: string, content: Uint8Array): Promise<void>;
  /** What it was asked, one `METHOD path status range bytes` each, in order. */
  asked(): Promise<readonly string[]>;
}

export interface NginxUpstreamOptions {
  /** For `/private/`: a line of htpasswd. */
  readonly users: string;
  /** Where `/moved/NAME` leads, without a slash at the end. */
  readonly elsewhere: string;
}

/** nginx with gzip for everything that a client would take so, ranges, and redirects. */
export async function startNginxUpstream(options: NginxUpstreamOptions): Promise<NginxUpstream> {
  const home = await temporaryDirectory();
  try {
    for (const directory of ['files', 'temp']) await mkdir(home.join(directory));
    const port = await freePort();
    await writeFile(home.join('users'), options.users);
    await writeFile(home.join('nginx.conf'), configuration(home.path, port, options));
    const args = ['-p', home.path, '-c', home.join('nginx.conf'), '-e', 'stderr'];
    const program = await startProgram(tool('nginx'), args, {
      ready: /start worker processes/,
      env: { PATH: process.env['PATH'] },
    });
    return {
      url: `http://127.0.0.1:${port}`,
      host: `127.0.0.1:${port}`,
      put: (name, content) => writeFile(home.join('files', name), content),
      asked: async () => (await readFile(home.join('access.log'), 'utf8')).split('\n').filter(Boolean),
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

function configuration(home: string, port: number, { elsewhere }: NginxUpstreamOptions): string {
  const isRoot = process.getuid?.() === 0;
  return `${isRoot ? 'user root;\n' : ''}daemon off;
worker_processes 1;
pid ${home}/nginx.pid;
error_log stderr notice;
events {}
http {
  log_format asked '$request_method $uri $status $http_range $body_bytes_sent';
  access_log ${home}/access.log asked;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${home}/temp/${kind};`).join('\n  ')}
  gzip on;
  gzip_min_length 1;
  gzip_types *;
  gzip_proxied any;
  server {
    listen 127.0.0.1:${port};
    root ${home}/files;
    location /private/ { alias ${home}/files/; auth_basic files; auth_basic_user_file ${home}/users; }
    location /slow/ { alias ${home}/files/; limit_rate 4m; }
    location /moved/ { rewrite ^/moved/(.*)$ ${elsewhere}/private/$1 redirect; }
  }
}
`;
}
