import { controllerOptions } from '../../src/config/controller-options.ts';
import { environmentName, type Option } from '../../src/config/option.ts';
import { page, table } from './markdown.ts';

export function optionsPage(): string {
  return page(
    'Options',
    'A flag comes before an environment variable, and that before the default; an empty variable counts as absent. A list is one flag given several times, or values with commas. Times have a unit (`500ms`, `5s`, `10m`, `1h`), sizes may have one (`64Ki`, `256Mi`). Whatever is unknown or wrong is refused before the command does anything.',
    'Every command exits with 0 when it has succeeded, with 1 when it has failed, and with 2 when the command line, an environment variable or a file that they name is wrong. The controller stops within five seconds after SIGTERM or SIGINT and exits with 0; a second signal ends it at once, with 128 and the number of the signal.',
    '## etcd-endpoints controller',
    table(['Flag', 'Environment', 'Default', 'Meaning'], Object.entries(controllerOptions).map(row)),
    '## etcd-endpoints crds',
    'It has no options.',
  );
}

function row([flag, option]: readonly [string, Option]): string[] {
  const variables = [environmentName(flag), ...(option.alsoEnv ?? [])].map((name) => `\`${name}\``);
  const notes = [option.required === true && 'Needed.', option.many === true && 'A list.'].filter(Boolean);
  return [
    option.secret === true ? '' : `\`--${flag} ${option.placeholder}\``,
    variables.join(', '),
    option.default === undefined ? '' : `\`${option.default}\``,
    [option.doc, ...notes].join(' '),
  ];
}
