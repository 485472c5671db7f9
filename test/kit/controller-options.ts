import { expect } from 'vitest';
import { type ControllerConfig, controllerConfig } from '../../src/config/controller-options.ts';
import type { OptionSource } from '../../src/config/read-options.ts';
import { TerminalError } from '../../src/errors.ts';

/** What the files `/ca.pem` and `/cert.pem` hold. */
export const certificate = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';

/** All files that there are, by path. */
export const files: Readonly<Record<string, string>> = {
  '/home/me/.kube/config': '{}',
  '/ca.pem': certificate,
  '/cert.pem': certificate,
  '/key.pem': '-----BEGIN PRIVATE KEY-----\nsecret-key\n-----END PRIVATE KEY-----\n',
  '/password': 'hunter2\n',
  '/empty': '\n',
  '/not.pem': 'hello',
  '/k': 'kind: Config',
};

/** Flags and environment of a controller on the host `host-1`, where nothing can be read but {@link files}. */
export function source(flags: Record<string, unknown>, env: Record<string, string> = {}): OptionSource {
  return {
    flags,
    env,
    hostname: 'host-1',
    readFile(path) {
      const content = files[path];
      if (content === undefined) {
        throw new Error(`ENOENT: no such file or directory, open '${path}'`);
      }
      return Buffer.from(content);
    },
  };
}

/** The configuration of a controller with an etcd, unless the flags name another. */
export function config(flags: Record<string, unknown>, env: Record<string, string> = {}): ControllerConfig {
  return controllerConfig(source({ etcd: 'http://10.0.0.1:2379', ...flags }, env));
}

/** The lines of the refusal; none where nothing is refused. */
export function problems(flags: Record<string, unknown>, env: Record<string, string> = {}): string[] {
  try {
    config(flags, env);
  } catch (error) {
    expect(error).toBeInstanceOf(TerminalError);
    expect(error).toMatchObject({ code: 'INVALID_OPTIONS' });
    return error instanceof Error ? error.message.split('\n') : [];
  }
  return [];
}
