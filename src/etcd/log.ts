/** What the etcd side needs of a logger; pino's child loggers have this shape. Fields never hold values or secrets. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
