import { controllerOptions } from './controller-options.ts';
import { environmentName, type Option, type OptionTable } from './option.ts';

/** docs/reference/options.md. */
export function optionsDoc(): string {
  return `# Options

A flag comes before an environment variable, and that before the default; an empty variable counts as absent. A list is one flag given
several times, or values with commas. Times have a unit (\`500ms\`, \`5s\`, \`10m\`, \`1h\`), sizes may have one (\`64Ki\`, \`256Mi\`).
Anything unknown or wrong is refused before the command does anything.

Every command exits with 0 when it has succeeded, with 1 when it has failed, and with 2 when the command line, an environment
variable or a file that they name is wrong. The controller stops within five seconds after SIGTERM or SIGINT and exits with 0; a second signal ends it at
once, with 128 and the number of the signal.

## etcd-endpoints controller

${table(controllerOptions)}

## etcd-endpoints crds

It has no options.
`;
}

function table(options: OptionTable): string {
  const rows = Object.entries(options).map(([flag, option]) => row(flag, option));
  return ['| Flag | Environment | Default | Meaning |', '|---|---|---|---|', ...rows].join('\n');
}

function row(flag: string, option: Option): string {
  const shownFlag = option.secret === true ? '' : `\`--${flag} ${option.placeholder}\``;
  const variables = [environmentName(flag), ...(option.alsoEnv ?? [])].map((name) => `\`${name}\``);
  const notes = [option.required === true && 'Needed.', option.many === true && 'A list.'].filter(Boolean);
  const fallback = option.default === undefined ? '' : `\`${option.default}\``;
  return `| ${shownFlag} | ${variables.join(', ')} | ${fallback} | ${[option.doc, ...notes].join(' ')} |`;
}
