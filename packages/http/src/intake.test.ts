import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createIntake } from './intake.ts';
import { readRawHead, writeRawHead } from './raw-head.ts';

function socketLike() {
  const events = Object.assign(new EventEmitter(), { resumed: 0, resume: () => (events.resumed += 1) });
  return events;
}

function received(text: string) {
  const intake = createIntake();
  const socket = socketLike();
  intake.attach(socket as unknown as Socket);
  intake.accept(Buffer.from(text, 'latin1'));
  socket.emit('end');
  return intake;
}

describe('an intake', () => {
  it('gives all bytes back in order, however they come and whenever they are taken', async () => {
    const step = fc.oneof(fc.integer({ min: 1, max: 150_000 }), fc.constant('take' as const));
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const intake = createIntake();
        const socket = socketLike();
        intake.attach(socket as unknown as Socket);
        const reused = Buffer.alloc(150_000);
        const [sent, taken]: [Buffer[], Uint8Array[]] = [[], []];
        let waiting = 0;
        for (const [at, size] of steps.entries()) {
          if (size === 'take') {
            if (waiting === 0) continue;
            const chunk = await intake.take();
            if (chunk) taken.push(Uint8Array.from(chunk));
            waiting -= chunk?.byteLength ?? 0;
          } else {
            reused.fill(at + 1);
            sent.push(Buffer.from(reused.subarray(0, size)));
            intake.accept(reused.subarray(0, size));
            waiting += size;
          }
        }
        socket.emit('end');
        for (let chunk = await intake.take(); chunk; chunk = await intake.take())
          taken.push(Uint8Array.from(chunk));
        expect(Buffer.compare(Buffer.concat(taken), Buffer.concat(sent))).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it('pauses when half full and resumes when it is taken', async () => {
    const intake = createIntake();
    const socket = socketLike();
    intake.attach(socket as unknown as Socket);
    expect([intake.accept(new Uint8Array(125_000)), intake.accept(new Uint8Array(25_000))]).toEqual([
      true,
      false,
    ]);
    await intake.take();
    expect(socket.resumed).toBe(1);
  });

  it('reports an error after what came before it', async () => {
    const intake = createIntake();
    const socket = socketLike();
    intake.attach(socket as unknown as Socket);
    intake.accept(Buffer.from('before'));
    socket.emit('error', new Error('cut'));
    expect(Buffer.from((await intake.take()) ?? []).toString()).toBe('before');
    await expect(intake.take()).rejects.toThrow('cut');
  });
});

describe('the head of a raw answer', () => {
  it('is read with the beginning of the body', async () => {
    const head = await readRawHead(
      received('HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\nX: a\r\nx:  b \r\n\r\nhel'),
    );
    expect(head).toMatchObject({ status: 206, length: 5 });
    expect([head?.headers.get('x'), head?.rest.toString()]).toEqual(['a, b', 'hel']);
  });

  it.each([
    ['no length', 'HTTP/1.1 200 OK\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n'],
    ['chunks', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['a content coding', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Encoding: gzip\r\n\r\n'],
    ['a folded line', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n folded\r\n\r\n'],
    ['a bare line feed', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: a\nY: b\r\n\r\n'],
    ['a space before the colon', 'HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\n'],
    ['an interim answer', 'HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\n'],
    ['no body', 'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n'],
    ['another protocol', 'HTTP/2 200\r\nContent-Length: 5\r\n\r\n'],
    ['64 KiB without an end', `HTTP/1.1 200 OK\r\nX: ${'a'.repeat(70_000)}`],
  ])('is left to Node with %s', async (_, text) => {
    expect(await readRawHead(received(text))).toBeUndefined();
  });

  it('that ends early is a cut connection', async () => {
    await expect(readRawHead(received('HTTP/1.1 200 OK\r\n'))).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('is never asked for with a value that could end its line', () => {
    const url = new URL('http://host.example:81/a b?c=d');
    expect(writeRawHead(url, { Accept: '*/*' })).toBe(
      'GET /a%20b?c=d HTTP/1.1\r\nHost: host.example:81\r\nAccept: */*\r\nConnection: close\r\n\r\n',
    );
    for (const value of ['a\r\nX: b', 'a\nb', 'ä', '\u0000'])
      expect(writeRawHead(url, { 'If-Range': value })).toBeUndefined();
  });
});
