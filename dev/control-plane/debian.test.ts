import { describe, expect, it } from 'vitest';
import { chooseMirror, proxyVariables } from './debian-archive.ts';
import { packagesOf } from './debian-build.ts';

describe('chooseMirror', () => {
  it("takes the system's own mirror of the release, not that of its updates", () => {
    const lines = [
      'bookworm-updates http://updates.example/debian',
      'bookworm http://mirror.example/debian',
      'nodistro https://node.example',
    ];
    expect(chooseMirror(lines.join('\n'))).toBe('http://mirror.example/debian');
  });

  it('takes the mirror of another release of Debian, which has them all', () => {
    const lines = [
      'trixie-security http://mirror.example/debian-security',
      'trixie http://mirror.example/debian',
    ];
    expect(chooseMirror(lines.join('\n'))).toBe('http://mirror.example/debian');
  });

  it('takes none on a system that is not Debian', () => {
    expect(chooseMirror('noble http://archive.example/ubuntu\n')).toBeUndefined();
  });
});

describe('proxyVariables', () => {
  it('gives apt in lower case what people set in upper case', () => {
    expect(proxyVariables({ HTTPS_PROXY: 'http://proxy:3128', NO_PROXY: 'local', HOME: '/root' })).toEqual({
      https_proxy: 'http://proxy:3128',
      no_proxy: 'local',
    });
  });

  it('prefers the lower case where both are set', () => {
    expect(proxyVariables({ http_proxy: 'http://a', HTTP_PROXY: 'http://b' })).toEqual({
      http_proxy: 'http://a',
    });
  });
});

describe('packagesOf', () => {
  it('names each package once, staged ones by their place in the vendor folder, and leaves out examples', () => {
    const files = [
      'pkg/apis/abac/v0/types.go',
      'staging/src/k8s.io/api/core/v1/doc.go',
      'staging/src/k8s.io/api/core/v1/types.go',
      'staging/src/k8s.io/sample-apiserver/pkg/apis/wardle/v1beta1/doc.go',
    ];
    expect(packagesOf(files)).toEqual([
      'k8s.io/kubernetes/pkg/apis/abac/v0',
      'k8s.io/kubernetes/vendor/k8s.io/api/core/v1',
    ]);
  });
});
