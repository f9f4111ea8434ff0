import { expect, it } from 'vitest';
import { bytesOf, sizeInWords } from '../../src/text/size.ts';

it.each([
  ['500', 500],
  ['64K', 65_536],
  ['16M', 16_777_216],
  ['16MiB', 16_777_216],
  ['1g', 1_073_741_824],
  ['0', undefined],
  ['-1', undefined],
  ['1.5M', undefined],
  ['M', undefined],
  ['16T', undefined],
  ['', undefined],
])('the size %j is %s bytes', (size, bytes) => {
  expect(bytesOf(size)).toBe(bytes);
});

it.each([
  [1, '1 byte'],
  [812, '812 bytes'],
  [16 * 1024 * 1024, '16 MiB'],
  [2_362_232_012, '2.2 GiB'],
])('%i bytes in words are %s', (bytes, words) => {
  expect(sizeInWords(bytes)).toBe(words);
});
