import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below the range from which the kernel gives ports to outgoing connections (32768 and up on Linux), so that nobody takes the port of a
 * server while it is down between a kill and a restart.
 */
const LOWEST = 12_000;
const HIGHEST = 32_000;

/** Test files that run at one time have a part of the range each: a port on which one of them is about to listen looks free to the others. */
const PARTS = 8;
const PART_SIZE = (HIGHEST - LOWEST) / PARTS;

/** For the same reason none is given twice. */
const given = new Set<number>();

/** A TCP port of 127.0.0.1 that nobody listens on, nor is about to. */
export async function freePort(): Promise<number> {
  const part = Number(process.env['VITEST_POOL_ID'] ?? 0) % PARTS;
  for (;;) {
    const port = LOWEST + part * PART_SIZE + randomInt(PART_SIZE);
    if (!given.has(port) && (await isFree(port))) {
      given.add(port);
      return port;
    }
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
