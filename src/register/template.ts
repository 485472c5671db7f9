/** Templates of keys, values and checks: `{name}` is filled in, everything else stays as it is. */

/** What is known of this machine and process, by the name of its placeholder; a value that is wanted and not there is a problem. */
export interface Facts {
  readonly hostname: string;
  readonly pid: number;
  /** Undefined where no template needs it. */
  readonly address: string | undefined;
  /** `''` is a port without a name. */
  readonly ports: readonly { readonly name: string; readonly port: number }[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

export type Filled = { readonly text: string } | { readonly problem: string };

/** Braces around anything else, such as those of JSON, are no placeholder. */
const placeholder = /\{([A-Za-z][A-Za-z0-9_.-]*)\}/g;

/** Fills the template in, each fact as `written` gives it; a problem says which placeholder cannot be. */
export function fillIn(
  template: string,
  facts: Facts,
  written: (fact: string) => string = (fact) => fact,
): Filled {
  const problems: string[] = [];
  const text = template.replace(placeholder, (whole, name: string) => {
    const filled = factOf(name, facts);
    if ('text' in filled) {
      return written(filled.text);
    }
    problems.push(filled.problem);
    return whole;
  });
  const [problem] = problems;
  return problem === undefined ? { text } : { problem };
}

/** Whether the template asks for the address. */
export function wantsAddress(template: string): boolean {
  return template.includes('{address}');
}

function factOf(name: string, facts: Facts): Filled {
  if (name === 'hostname') {
    return { text: facts.hostname };
  }
  if (name === 'pid') {
    return { text: String(facts.pid) };
  }
  if (name === 'address') {
    return known(facts.address, '{address} is not known');
  }
  if (name === 'port') {
    return onlyPort(facts);
  }
  if (name.startsWith('port.')) {
    const port = facts.ports.find((named) => named.name === name.slice(5));
    return known(port?.port, `{${name}} has no --port of that name`);
  }
  if (name.startsWith('env.')) {
    const value = facts.env[name.slice(4)];
    return known(value === '' ? undefined : value, `{${name}} is not set in the environment`);
  }
  return {
    problem: `{${name}} is unknown; there are {hostname}, {address}, {port}, {port.NAME}, {pid} and {env.NAME}`,
  };
}

function onlyPort({ ports }: Facts): Filled {
  const [only, ...others] = ports;
  if (only === undefined) {
    return { problem: '{port} needs a --port' };
  }
  return others.length === 0
    ? { text: String(only.port) }
    : { problem: `{port} could be any of several ports; name one, as in {port.${only.name}}` };
}

function known(value: string | number | undefined, problem: string): Filled {
  return value === undefined ? { problem } : { text: String(value) };
}
