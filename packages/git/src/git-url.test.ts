import { describe, expect, it } from 'vitest';
import { gitIdentity, normalizeGitUrl, protocolOf } from './git-url.ts';

describe('a Git URL', () => {
  it.each([
    [
      'https://git.example.org/ops/line-a.git',
      'https://git.example.org/ops/line-a.git',
      'git.example.org/ops/line-a',
    ],
    [
      'HTTPS://Git.Example.org:443/ops/line-a',
      'https://git.example.org/ops/line-a',
      'git.example.org/ops/line-a',
    ],
    ['http://127.0.0.1:3000/a.git/', 'http://127.0.0.1:3000/a.git/', '127.0.0.1:3000/a'],
    [
      'ssh://git@Git.Example.org:22/ops/a.git',
      'ssh://git@git.example.org/ops/a.git',
      'git.example.org/ops/a',
    ],
    [
      'ssh://git@git.example.org:2222/ops/a.git',
      'ssh://git@git.example.org:2222/ops/a.git',
      'git.example.org:2222/ops/a',
    ],
    ['git@git.example.org:ops/a.git', 'ssh://git@git.example.org/ops/a.git', 'git.example.org/ops/a'],
    ['git.example.org:/srv/a.git', 'ssh://git.example.org/srv/a.git', 'git.example.org/srv/a'],
    ['file:///srv/git/line-a.git', 'file:///srv/git/line-a.git', 'file/line-a'],
    ['file:///srv/git/line-a', 'file:///srv/git/line-a', 'file/line-a'],
  ])('%s is understood', (text, url, identity) => {
    expect(normalizeGitUrl(text)).toBe(url);
    expect(normalizeGitUrl(url)).toBe(url);
    expect(gitIdentity(url)).toBe(identity);
  });

  it.each([
    ['a command', 'ext::sh -c touch% /tmp/x'],
    ['a command without spaces', 'ext::touch'],
    ['a file descriptor', 'fd::7'],
    ['another helper', 'foo::https://git.example.org/a'],
    ['an option', '--upload-pack=touch'],
    ['an option as the host', 'ssh://-oProxyCommand=touch/a'],
    ['an option as the scp-like host', '-oProxyCommand=touch:a'],
    ['an option as the user', 'ssh://-l@git.example.org/a'],
    ['an escaped option as the host', 'ssh://%2doProxyCommand/a'],
    ['an unencrypted git transport', 'git://git.example.org/a'],
    ['ftp', 'ftp://git.example.org/a'],
    ['a token', 'https://token@git.example.org/a'],
    ['a password', 'https://user:secret@git.example.org/a'],
    ['a password for SSH', 'ssh://git:secret@git.example.org/a'],
    ['a password without a scheme', 'user:secret@git.example.org/a'],
    ['a password for an scp-like address', 'user:secret@git.example.org:a'],
    ['a query', 'https://git.example.org/a?token=secret'],
    ['a fragment', 'https://git.example.org/a#main'],
    ['a line end', 'https://git.example.org/a\nb'],
    ['an escaped line end', 'https://git.example.org/a%0ab'],
    ['an escaped zero byte', 'file:///srv/a%00b'],
    ['an escaped way up', 'https://git.example.org/a%2f..%2fb'],
    ['a backslash', 'https:\\\\git.example.org\\a'],
    ['a host in a file URL', 'file://server/share/a'],
    ['a plain path', '/srv/git/a'],
    ['a relative path', '../a'],
    ['no path', 'https://git.example.org/'],
    ['nothing', ''],
  ])('with %s is refused', (_what, text) => {
    expect(() => normalizeGitUrl(text)).toThrow(
      expect.objectContaining({ code: 'USAGE', hint: expect.any(String) }),
    );
  });

  it.each(['https://user:hunter2@git.example.org/a', 'user:hunter2@git.example.org:a'])(
    'never shows the password it refuses: %s',
    (text) => {
      expect(() => normalizeGitUrl(text)).toThrow(
        expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
      );
    },
  );

  it('tells its transport', () => {
    expect(['https://a/b', 'http://a/b', 'ssh://a/b', 'file:///b'].map(protocolOf)).toEqual([
      'https',
      'http',
      'ssh',
      'file',
    ]);
  });
});
