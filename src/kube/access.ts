/** Which apiserver, and as whom, as one source has it. */
export interface Access {
  /** URL of the apiserver. */
  readonly server: string;
  /** The namespace that we run in; `default` where the source names none. */
  readonly namespace: string;
  /** What it amounts to now: reads files and runs plugins. Throws a RetryableError (KUBE_CREDENTIALS) where they cannot be read. */
  identity(): Promise<Identity>;
}

/** What an {@link Access} amounts to at one moment. */
export interface Identity {
  readonly server: URL;
  readonly proxyUrl: string | undefined;
  readonly tls: TlsMaterial;
  /** Headers that say who we are. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface TlsMaterial {
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}
