import { expect, it } from 'vitest';
import { parseReleasePlace } from './release-place.ts';

it.each([
  ['stick', { directory: 'stick' }],
  ['stick#line-a', { directory: 'stick', channel: 'line-a' }],
  ['stick#line-a/17', { directory: 'stick', channel: 'line-a', sequence: 17 }],
  ['my #1 stick#line-a', { directory: 'my #1 stick', channel: 'line-a' }],
  ['usb#1/', { directory: 'usb#1/' }],
])('reads %s', (text, place) => {
  expect(parseReleasePlace(text)).toEqual(place);
});

it.each(['#line-a', 'stick#', 'stick#Line A', 'stick#line-a/0', 'stick#line-a/x'])('refuses %s', (text) => {
  expect(() => parseReleasePlace(text)).toThrow('does not name a release');
});
