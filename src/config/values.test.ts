import { describe, expect, it } from 'vitest';
import { config, problems } from '../../test/kit/controller-options.ts';

describe('the values of options', () => {
  it.each([
    ['500ms', undefined],
    ['1s', 1000],
    ['1.5m', 90_000],
    ['24h', 86_400_000],
    ['25h', undefined],
    ['10', undefined],
    ['-5s', undefined],
    ['1d', undefined],
    ['1e3s', undefined],
    ['', undefined],
  ])('--compare-interval %j is %s ms', (given, ms) => {
    if (ms === undefined) {
      expect(problems({ 'compare-interval': given })).toHaveLength(1);
    } else {
      expect(config({ 'compare-interval': given }).compareIntervalMs).toBe(ms);
    }
  });

  it.each([
    ['1024', 1024],
    ['64Ki', 65_536],
    ['16Mi', 2 ** 24],
    ['17Mi', undefined],
    ['1023', undefined],
    ['64KB', undefined],
    ['1.5Ki', undefined],
    ['0x400', undefined],
  ])('--max-value-bytes %j is %s', (given, bytes) => {
    if (bytes === undefined) {
      expect(problems({ 'max-value-bytes': given })).toHaveLength(1);
    } else {
      expect(config({ 'max-value-bytes': given }).maxValueBytes).toBe(bytes);
    }
  });

  it.each([
    [':8080', { port: 8080 }],
    [':0', { port: 0 }],
    ['127.0.0.1:8080', { host: '127.0.0.1', port: 8080 }],
    ['[::1]:8080', { host: '::1', port: 8080 }],
    ['localhost:1', { host: 'localhost', port: 1 }],
    ['8080', undefined],
    ['::1:8080', undefined],
    [':65536', undefined],
    [':', undefined],
    ['http://h:80', undefined],
  ])('--http-address %j is %j', (given, address) => {
    if (address === undefined) {
      expect(problems({ 'http-address': given })).toHaveLength(1);
    } else {
      expect(config({ 'http-address': given }).http).toEqual(address);
    }
  });

  it.each([
    ['shop=/web', { namespace: 'shop', prefix: '/web' }],
    ['shop=', { namespace: 'shop', prefix: '' }],
    ['shop=a=b', { namespace: 'shop', prefix: 'a=b' }],
    ['shop', undefined],
    ['=/web', undefined],
    ['*=/web', undefined],
  ])('--allowed-prefix %j is %j', (given, allowed) => {
    if (allowed === undefined) {
      expect(problems({ 'allowed-prefix': given })).toHaveLength(1);
    } else {
      expect(config({ 'allowed-prefix': given }).allowedPrefixes).toEqual([allowed]);
    }
  });

  it.each(['0', '257', '1.5', '-1', ' 3', '3 '])('--workers %j is refused', (workers) => {
    expect(problems({ workers })).toHaveLength(1);
  });
});
