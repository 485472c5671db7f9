import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The etcd flags for the wanted kind of token; for `jwt` the keys that sign are made and written into `directory`. */
export async function makeTokenFlag(
  auth: { readonly token?: 'simple' | 'jwt'; readonly tokenTtlSeconds?: number },
  directory: string,
): Promise<Record<string, string>> {
  const ttl = auth.tokenTtlSeconds ?? 300;
  if (auth.token !== 'jwt') {
    return { 'auth-token': 'simple', 'auth-token-ttl': String(ttl) };
  }
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const publicFile = join(directory, 'token.pub.pem');
  const privateFile = join(directory, 'token.key.pem');
  await writeFile(publicFile, publicKey);
  await writeFile(privateFile, privateKey, { mode: 0o600 });
  return {
    'auth-token': `jwt,pub-key=${publicFile},priv-key=${privateFile},sign-method=RS256,ttl=${ttl}s`,
  };
}
