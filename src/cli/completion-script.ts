/** Completion scripts, made of the tables of options. Pure. */
import { completionOf, type Option, type OptionTable } from '../config/option.ts';

type Commands = Readonly<Record<string, OptionTable>>;

/** What every command has besides. */
const always = ['--help', '--help-all'];

export function completionScript(shell: 'bash' | 'zsh' | 'fish', commands: Commands): string {
  switch (shell) {
    case 'bash':
      return bashScript(commands);
    case 'zsh':
      return `#compdef etcd-endpoints\nautoload -U +X bashcompinit && bashcompinit\n${bashScript(commands)}`;
    case 'fish':
      return fishScript(commands);
  }
}

/** Words and flags are of our own tables, and need no quoting. */
function bashScript(commands: Commands): string {
  const cases = Object.entries(commands).map(
    ([name, options]) => `    ${name}) flags='${[...flagsOf(options), ...always].join(' ')}' ;;`,
  );
  const valueCases = valuesByFlag(commands).map(
    ([key, value]) => `    "${key}") ${value === undefined ? 'return' : bashOffer(value)} ;;`,
  );
  return `# etcd-endpoints completion; source it, or put it where the shell looks for completions
_etcd_endpoints() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="" command="" flags="" words=""
  ((COMP_CWORD > 0)) && previous="\${COMP_WORDS[COMP_CWORD-1]}"
  COMPREPLY=()
  # bash parts --flag=value into three words
  if [[ $current == "=" ]]; then
    current=""
  elif [[ $previous == "=" ]]; then
    previous="\${COMP_WORDS[COMP_CWORD-2]}"
  fi
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W '${Object.keys(commands).join(' ')} --help --version' -- "$current"))
    return
  fi
  command="\${COMP_WORDS[1]}"
  case "$command $previous" in
${valueCases.join('\n')}
  esac
  if [[ -n $words ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
    return
  fi
  case "$command" in
${cases.join('\n')}
  esac
  if [[ $current == -* || $command != completion ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$current"))
  else
    COMPREPLY=($(compgen -W 'bash zsh fish' -- "$current"))
  fi
}
complete -F _etcd_endpoints etcd-endpoints
`;
}

function fishScript(commands: Commands): string {
  const names = Object.keys(commands);
  const lines = names.flatMap((name) => [
    `complete -c etcd-endpoints -f -n __fish_use_subcommand -a ${name}`,
    ...Object.values(commands[name] ?? {}).flatMap((option) => fishWord(name, option)),
    ...Object.entries(commands[name] ?? {}).flatMap(([flag, option]) => fishLine(name, flag, option)),
  ]);
  return `${lines.join('\n')}\n`;
}

/** What completes the word after the command, where that is one of a few. */
function fishWord(command: string, { isWord, value }: Option): readonly string[] {
  const words = isWord === true ? completionOf(value) : undefined;
  return Array.isArray(words)
    ? [`complete -c etcd-endpoints -f -n '__fish_seen_subcommand_from ${command}' -a '${words.join(' ')}'`]
    : [];
}

function fishLine(command: string, flag: string, option: Option): readonly string[] {
  if (option.secret === true) {
    return [];
  }
  const value = completionOf(option.value);
  const letter = option.short === undefined ? '' : ` -s ${option.short}`;
  const takes = option.isSwitch === true ? '' : value === 'path' ? ' -r -F' : ' -x';
  const words = Array.isArray(value) ? ` -a '${value.join(' ')}'` : '';
  return [
    `complete -c etcd-endpoints -n '__fish_seen_subcommand_from ${command}' -l ${flag}${letter}${takes}${words}`,
  ];
}

function flagsOf(options: OptionTable): readonly string[] {
  return Object.entries(options).flatMap(([flag, { secret }]) => (secret === true ? [] : [`--${flag}`]));
}

function bashOffer(value: readonly string[] | 'path'): string {
  return value === 'path' ? 'COMPREPLY=($(compgen -f -- "$current")); return' : `words='${value.join(' ')}'`;
}

/** What completes the value of a flag that has one, by command and flag: `controller --guard`; undefined where nothing is known of it. */
function valuesByFlag(
  commands: Commands,
): readonly (readonly [key: string, value: readonly string[] | 'path' | undefined])[] {
  return Object.entries(commands).flatMap(([name, options]) =>
    Object.entries(options)
      .filter(([, { isSwitch, secret }]) => isSwitch !== true && secret !== true)
      .map(([flag, { value }]) => [`${name} --${flag}`, completionOf(value)] as const),
  );
}
