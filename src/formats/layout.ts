/**
 * A layout names the parts of a key below the prefix, such as `{zone}/{instance}`: `{name}` becomes metadata, any other part must be in
 * the key as it is. The pattern stands in the schema of the custom resource too.
 */
export const layoutPattern = /^([^{}]|\{[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}\})+$/;

/** Yields the metadata that a key's part below the prefix holds; none where it does not have the layout. */
export type Layout = (below: string) => Readonly<Record<string, string>>;

/** Compiles a layout once for many keys. */
export function compileLayout(layout: string, separator: string): Layout {
  const parts = layout.split(separator).map((text) => ({ text, name: placeholderName(text) }));
  return (below) => {
    const found = below.split(separator, parts.length + 1);
    const matches =
      found.length === parts.length &&
      parts.every(({ text, name }, index) => name !== undefined || text === found[index]);
    return matches
      ? Object.fromEntries(
          parts.flatMap(({ name }, index) => (name === undefined ? [] : [[name, found[index] ?? '']])),
        )
      : {};
  };
}

/** The name in `{name}`; undefined where the part is any other text. */
export function placeholderName(part: string): string | undefined {
  return /^\{([^{}]+)\}$/.exec(part)?.[1];
}
