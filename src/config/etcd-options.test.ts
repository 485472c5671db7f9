import { describe, expect, it } from 'vitest';
import { certificate, config, files, problems } from '../../test/kit/controller-options.ts';

describe('the URLs of etcd', () => {
  it.each([
    ['http://10.0.0.1:2379', 'http://10.0.0.1:2379'],
    ['https://etcd.example/', 'https://etcd.example:2379'],
    ['https://etcd:443', 'https://etcd:443'],
    ['http://etcd:80/', 'http://etcd:80'],
    ['10.0.0.1:2379', 'http://10.0.0.1:2379'],
    ['etcd', 'http://etcd:2379'],
    ['HTTP://ETCD:2379', 'http://etcd:2379'],
    ['http://[FD00::1]:2379', 'http://[fd00::1]:2379'],
  ])('%s is %s', (given, url) => {
    expect(config({ etcd: given }).etcd?.hosts).toEqual([url]);
  });

  it.each([
    '',
    'unix:///run/etcd.sock',
    'ftp://h:1',
    'http://',
    'http://h:99999',
    'http://h:2379/v3',
    'http://h?x',
    'a b',
    'http://h#x',
  ])('refuse %j', (etcd) => {
    expect(problems({ etcd })).toHaveLength(1);
  });

  it('are http or https for all', () => {
    expect(problems({ etcd: 'http://a:1,https://b:1' })[0]).toMatch(
      /^--etcd .*expected http or https for all/,
    );
  });

  it.each([
    'http://root:hunter2@h:2379',
    'root:hunter2@h:2379',
    'ftp://root:hunter2@h',
    'http://root:hunter2@',
  ])('hold no password, and a refusal of %s does not show it', (etcd) => {
    const lines = problems({ etcd });
    expect(lines).toHaveLength(1);
    expect(lines.join()).not.toContain('hunter2');
  });
});

describe('the user of etcd', () => {
  it('has its password from a file, without the line break at its end', () => {
    expect(config({ 'etcd-user': 'root', 'etcd-password-file': '/password' }).etcd?.user).toEqual({
      name: 'root',
      password: 'hunter2',
    });
  });

  it('has its password from the environment', () => {
    const { etcd } = config({ 'etcd-user': 'root' }, { ETCD_ENDPOINTS_ETCD_PASSWORD: 'hunter2' });
    expect(etcd?.user).toEqual({ name: 'root', password: 'hunter2' });
  });

  it('never has its password from the command line', () => {
    expect(problems({ 'etcd-user': 'root', 'etcd-password': 'hunter2' })).toEqual([
      '--etcd-user needs a password: --etcd-password-file or ETCD_ENDPOINTS_ETCD_PASSWORD',
    ]);
  });

  it.each([
    [{ 'etcd-user': 'root' }, {}, /^--etcd-user needs a password/],
    [
      { 'etcd-user': 'root', 'etcd-password-file': '/password' },
      { ETCD_ENDPOINTS_ETCD_PASSWORD: 'x' },
      /one password, not two/,
    ],
    [{ 'etcd-password-file': '/password' }, {}, /without --etcd-user/],
    [
      { 'etcd-user': 'root', 'etcd-password-file': '/none' },
      {},
      /^--etcd-password-file "\/none": cannot be read: ENOENT/,
    ],
    [{ 'etcd-user': 'root', 'etcd-password-file': '/empty' }, {}, /^--etcd-password-file "\/empty": .*empty/],
    [{ 'etcd-user': 'root:hunter2' }, {}, /^--etcd-user "root:…": expected a user name without a colon/],
  ])('given as %j with %j is refused', (flags, env, message) => {
    expect(problems(flags, env).join()).toMatch(message);
    expect(problems(flags, env).join()).not.toContain('hunter2');
  });
});

describe('TLS towards etcd', () => {
  const https = { etcd: 'https://h' };

  it('has the content of the files', () => {
    const { etcd } = config({
      ...https,
      'etcd-ca': '/ca.pem',
      'etcd-cert': '/cert.pem',
      'etcd-key': '/key.pem',
      'etcd-server-name': 'etcd.example',
    });
    const { tls } = etcd ?? {};
    expect(tls).toMatchObject({ serverName: 'etcd.example' });
    expect([tls?.ca, tls?.cert, tls?.key].map(String)).toEqual([certificate, certificate, files['/key.pem']]);
  });

  it.each([
    [
      { ...https, 'etcd-cert': '/cert.pem' },
      '--etcd-cert is given without --etcd-key: a client certificate needs both',
    ],
    [
      { ...https, 'etcd-key': '/key.pem' },
      '--etcd-key is given without --etcd-cert: a client certificate needs both',
    ],
    [{ 'etcd-ca': '/ca.pem' }, '--etcd-ca needs --etcd URLs with https'],
    [
      { ...https, 'etcd-ca': '/none' },
      `--etcd-ca "/none": cannot be read: ENOENT: no such file or directory, open '/none'`,
    ],
    [
      { ...https, 'etcd-ca': '/not.pem' },
      '--etcd-ca "/not.pem": expected PEM, a text with lines like -----BEGIN CERTIFICATE-----',
    ],
  ])('given as %j is refused', (flags, message) => {
    expect(problems(flags)).toEqual([message]);
  });
});
