import { completionOptions } from '../../src/config/completion-options.ts';
import { controllerOptions } from '../../src/config/controller-options.ts';
import { discoverOptions } from '../../src/config/discover-options.ts';
import { doctorOwnOptions } from '../../src/config/doctor-options.ts';
import { explainOptions } from '../../src/config/explain-options.ts';
import { environmentNames, type Option, type OptionTable } from '../../src/config/option.ts';
import { planOptions } from '../../src/config/plan-options.ts';
import { registerOptions } from '../../src/config/register-options.ts';
import { verifyOptions } from '../../src/config/verify-options.ts';
import { page, table } from './markdown.ts';

export function optionsPage(): string {
  return page(
    'Options',
    'A flag comes before an environment variable, and that before the default; an empty variable counts as absent. A list is one flag given several times, or values with commas. Times have a unit (`500ms`, `5s`, `10m`, `1h`), but those whose name ends in `-seconds` are whole seconds like the field of that name; sizes may have one (`64Ki`, `256Mi`). Whatever is unknown or wrong is refused before the command does anything. `--help` shows what most people need, `--help-all` every option.',
    'Every command exits with 0 when it has succeeded, with 1 when it has failed, and with 2 when the command line, an environment variable or a file that they name is wrong. The controller stops within five seconds after SIGTERM or SIGINT and exits with 0; a second signal ends it at once, with 128 and the number of the signal.',
    ...section('controller', controllerOptions),
    ...section('completion', completionOptions),
    '## etcd-endpoints crds',
    'It has no options.',
    ...section('discover', discoverOptions),
    '[Discover](../discover.md) shows what it prints.',
    ...section('doctor', doctorOwnOptions),
    'It has all options of the controller besides, and looks at what that would use. [Doctor](../doctor.md) shows what it prints. It exits with 1 where something does not work; warnings alone are no failure.',
    ...section('explain', explainOptions),
    '[Operations](../operations.md#why-an-address-is-published-or-is-not) shows what it prints.',
    ...section('plan', planOptions),
    '[Plan](../plan.md) shows what it prints. It exits with 0 where there is nothing to do, with 1 where there are changes, and with 2 on any error, also of an EtcdService that is refused.',
    ...section('register', registerOptions),
    '[Register](../register.md) shows how it is used. With `--exec` it exits with the status of the command.',
    ...section('verify', verifyOptions),
    'It exits with 1 where Kubernetes has not followed in time, and leaves nothing behind.',
  );
}

function section(command: string, options: OptionTable): readonly string[] {
  return [
    `## etcd-endpoints ${command}`,
    table(['Flag', 'Environment', 'Default', 'Meaning'], Object.entries(options).map(row)),
  ];
}

function row([flag, option]: readonly [string, Option]): string[] {
  const variables = environmentNames(flag, option).map((name) => `\`${name}\``);
  const notes = [option.required === true && 'Needed.', option.many === true && listNote(option)];
  return [
    option.secret === true ? '' : `\`${shownFlag(flag, option)}\``,
    variables.join(', '),
    option.default === undefined || option.isSwitch === true ? '' : `\`${option.default}\``,
    [option.doc, ...notes.filter(Boolean)].join(' '),
  ];
}

function shownFlag(flag: string, { isSwitch, isCommand, isWord, placeholder }: Option): string {
  if (isCommand === true) {
    return `--${flag} -- ${placeholder}`;
  }
  if (isWord === true) {
    return placeholder;
  }
  return isSwitch === true ? `--${flag}` : `--${flag} ${placeholder}`;
}

function listNote({ isCommand, verbatim }: Option): string | undefined {
  if (isCommand === true) {
    return undefined;
  }
  return verbatim === true ? 'May be given several times.' : 'A list.';
}
