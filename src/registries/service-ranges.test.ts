import { describe, expect, it, vi } from 'vitest';
import { ServiceRanges } from './service-ranges.ts';

function rangesUnderTest() {
  const onChange = vi.fn();
  return { ranges: new ServiceRanges(onChange), onChange };
}

describe('the addresses of Services', () => {
  it('are those in ranges of any source, and those that a Service has', () => {
    const { ranges } = rangesUnderTest();
    ranges.setRanges('flags', ['10.96.0.0/12']);
    ranges.setRanges('ServiceCIDR', ['fd00:1::/108']);
    ranges.serviceChanged([], ['192.0.2.7', '2001:DB8:0::7', 'None', '']);
    const judged = ['10.97.0.1', 'fd00:1::9', '192.0.2.7', '2001:db8::7'].map((a) => ranges.holds(a));
    expect(judged).toEqual([true, true, true, true]);
    expect(['10.0.0.1', 'fd00:2::9', '192.0.2.8'].map((a) => ranges.holds(a))).toEqual([false, false, false]);
    expect(ranges.cidrs).toEqual(['10.96.0.0/12', 'fd00:1::/108']);
  });

  it('are known where a range is, not where a Service alone shows an address', () => {
    const { ranges } = rangesUnderTest();
    ranges.serviceChanged([], ['10.96.0.1']);
    expect(ranges.known).toBe(false);
    ranges.setRanges('ServiceCIDR', ['10.96.0.0/12']);
    expect(ranges.known).toBe(true);
    ranges.setRanges('ServiceCIDR', []);
    expect(ranges.known).toBe(false);
    expect(ranges.holds('10.96.0.1')).toBe(true);
    expect(ranges.holds('10.96.0.2')).toBe(false);
  });

  it('tell a change of ranges, and nothing where the same ones come again', () => {
    const { ranges, onChange } = rangesUnderTest();
    ranges.setRanges('ServiceCIDR', ['10.96.0.0/12', 'fd00::/108']);
    ranges.setRanges('ServiceCIDR', ['fd00::/108', '10.96.0.0/12']);
    ranges.setRanges('flags', ['10.96.0.0/12']);
    expect(onChange).toHaveBeenCalledTimes(1);
  });

  it('tell a Service that comes or goes outside the ranges alone: inside, nothing is judged differently', () => {
    const { ranges, onChange } = rangesUnderTest();
    ranges.setRanges('flags', ['10.96.0.0/12']);
    onChange.mockClear();
    ranges.serviceChanged([], ['10.96.0.5']);
    ranges.serviceChanged(['10.96.0.5'], []);
    expect(onChange).not.toHaveBeenCalled();
    ranges.serviceChanged([], ['172.20.0.5']);
    expect(onChange).toHaveBeenCalledTimes(1);
    ranges.serviceChanged(['172.20.0.5'], ['172.20.0.5']);
    ranges.serviceChanged([], ['172.20.0.5']);
    ranges.serviceChanged(['172.20.0.5'], []);
    expect(onChange).toHaveBeenCalledTimes(1);
    ranges.serviceChanged(['172.20.0.5'], []);
    expect(onChange).toHaveBeenCalledTimes(2);
    expect(ranges.holds('172.20.0.5')).toBe(false);
  });
});
