import { describe, expect, it } from 'vitest';
import { allIn, escapeXml, parseXml, textIn } from './parse-xml.ts';

describe('reading the XML of an object store', () => {
  it('gives elements, their texts and nothing else', () => {
    const list = parseXml(
      '<?xml version="1.0" encoding="UTF-8"?>\n<!-- x --><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><Prefix/><Contents><Key>a &amp; b&#32;&#x41;</Key><Owner xsi:type="User"><ID>1</ID></Owner></Contents><Contents><Key>c</Key></Contents></ListBucketResult>\n',
    );
    expect(list.name).toBe('ListBucketResult');
    expect([textIn(list, 'Name'), textIn(list, 'Prefix'), textIn(list, 'None')]).toEqual([
      'b',
      '',
      undefined,
    ]);
    expect(allIn(list, 'Contents').map((each) => textIn(each, 'Key'))).toEqual(['a & b A', 'c']);
  });

  it.each([
    ['a web page', '<!DOCTYPE html><html></html>'],
    ['an entity of its own', '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'],
    ['an unknown entity', '<a>&x;</a>'],
    ['a bare ampersand', '<a>x & y</a>'],
    ['elements that cross', '<a><b></a></b>'],
    ['an element that stays open', '<a><b></b>'],
    ['two documents', '<a/><b/>'],
    ['text around it', 'x<a/>'],
    ['nothing', ''],
    ['a character data section', '<a><![CDATA[x]]></a>'],
    ['half a tag', '<a>x</a'],
    ['too many levels', `${'<a>'.repeat(40)}${'</a>'.repeat(40)}`],
    ['no such character', '<a>&#x110000;</a>'],
    ['more elements than an answer has', `<a>${'<b/>'.repeat(40_000)}</a>`],
    ['a longer text than an answer has', `<a>${'x'.repeat((64 << 10) + 1)}</a>`],
  ])('refuses %s', (_, source) => {
    expect(() => parseXml(source)).toThrow(expect.objectContaining({ code: 'PROTOCOL_VIOLATION' }));
  });

  it('reads back what it escapes', () => {
    const text = `<&>"' x\r\n`;
    expect(parseXml(`<a>${escapeXml(text)}</a>`).text).toBe(text);
  });

  it('is not slowed down by what never ends', () => {
    expect(() => parseXml(`<a ${'x '.repeat(200_000)}`)).toThrow();
    expect(() => parseXml('<'.repeat(200_000))).toThrow();
  });
});
