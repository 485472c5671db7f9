/** What the labels of an image say of its sources. */
export interface ImageSources {
  readonly version: string;
  /** The commit. */
  readonly revision: string;
  /** When it was committed, in seconds since 1970. */
  readonly committedAt: number;
  /** Where the sources are. */
  readonly url: string;
}

/** The images that a Dockerfile begins with, by the name of the argument that replaces each. */
export function basesOf(dockerfile: string): ReadonlyMap<string, string> {
  return new Map(
    [...dockerfile.matchAll(/^ARG (\w+_IMAGE)=(\S+)$/gm)].map(([, name = '', image = '']) => [name, image]),
  );
}

/** The arguments of the Dockerfile, as `NAME=value`. Nothing in them changes from one build of a commit to the next, where the bases have digests. */
export function buildArguments(
  { version, revision, committedAt, url }: ImageSources,
  bases: ReadonlyMap<string, string>,
): string[] {
  return [
    ...Array.from(bases, ([name, image]) => `${name}=${image}`),
    `VERSION=${version}`,
    `REVISION=${revision}`,
    `CREATED=${new Date(committedAt * 1000).toISOString()}`,
    `SOURCE=${url}`,
    `SOURCE_DATE_EPOCH=${committedAt}`,
  ];
}

/** What `docker` is told to build and push an image for all platforms, with provenance and a bill of materials attached. */
export function buildxCommand(
  repository: string,
  sources: ImageSources,
  bases: ReadonlyMap<string, string>,
  metadataFile: string,
): string[] {
  return [
    ...['buildx', 'build', '--platform', 'linux/amd64,linux/arm64'],
    ...['--provenance', 'mode=max', '--sbom', 'true'],
    ...['--output', 'type=registry,rewrite-timestamp=true', '--metadata-file', metadataFile],
    ...['--tag', `${repository}:${sources.version}`],
    ...buildArguments(sources, bases).flatMap((argument) => ['--build-arg', argument]),
    '.',
  ];
}
