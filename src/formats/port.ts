/** The port of a number or a string of digits; undefined for anything else. A sign, a space or a leading zero makes it no port. */
export function parsePort(value: unknown): number | undefined {
  const port = typeof value === 'string' && /^[1-9][0-9]{0,4}$/.test(value) ? Number(value) : value;
  return typeof port === 'number' && Number.isInteger(port) && port >= 1 && port <= 65_535 ? port : undefined;
}
