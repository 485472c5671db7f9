import type { LeftOut } from '../catalog/assign.ts';
import type { ConditionDoc, ReasonDoc } from './reasons.ts';

/** Every condition of an EtcdCatalog and every reason of it, as reasons.ts has them of an EtcdService. */
export const catalogConditions = {
  Ready: {
    meaning: 'The EtcdServices are what the catalog asks for.',
    reasons: {
      Published: {
        meaning: 'Every service that has a place has its EtcdService.',
        action: 'Nothing is to be done.',
      },
      NotSynced: {
        meaning: 'The registry has not been listed completely yet, so nothing is written.',
        action: 'Wait; where it stays so, look at the EtcdRegistry.',
      },
      Observing: {
        meaning: 'The mode is Observe: the status says what would be made.',
        action: 'Set spec.mode to Publish to go on.',
      },
      InvalidSpec: {
        meaning:
          'The EtcdCatalog, or an EtcdService made of its template, breaks a rule that the message names.',
        action: 'Correct the field that the message names; until then everything stays as it is.',
      },
      RegistryNotFound: {
        meaning: 'There is no EtcdRegistry of that name.',
        action: 'Create it, or correct spec.registryRef.',
      },
      RegistryUnusable: {
        meaning: 'The EtcdRegistry breaks a rule that the message names; what stands stays.',
        action: 'Correct the EtcdRegistry.',
      },
      PrefixUnreadable: {
        meaning: 'The registry answers, but not for the keys of the pattern; what stands stays.',
        action: "Give the registry's user the permission to read them.",
      },
      TooManyServices: {
        meaning: 'There are more services than spec.maxServices: none is added, what stands goes on.',
        action: 'Raise spec.maxServices, or leave services out by spec.exclude.',
      },
      WriteFailed: {
        meaning: 'The apiserver refused some writes, which are tried again; all others were made.',
        action: 'Look at the message: it names an object and what the apiserver said.',
      },
    },
  },
  AllPublished: {
    meaning: 'No service is left out but those that the catalog excludes.',
    reasons: {
      AllPublished: { meaning: 'None is left out.', action: 'Nothing is to be done.' },
      SomeLeftOut: {
        meaning: 'Some services are left out; the message says how many, and why.',
        action: 'Look at status.leftOut, which has samples.',
      },
      NotSynced: { meaning: 'The registry has not been listed completely yet.', action: 'Wait.' },
    },
  },
  PruningHeld: {
    meaning: 'EtcdServices whose service has been empty for pruneAfterSeconds are kept all the same.',
    reasons: {
      NothingHeld: { meaning: 'None is kept beyond its time.', action: 'Nothing is to be done.' },
      RegistryEmpty: {
        meaning: 'The registry has no service at all: more likely it was emptied than all have gone.',
        action: 'Look at etcd; where all is gone indeed, delete the EtcdCatalog or the EtcdServices.',
      },
      TooManyAtOnce: {
        meaning:
          'More than 10, and more than 30 percent of all, would go within an hour, or within a tenth of pruneAfterSeconds where that is longer.',
        action: 'Look at etcd; where they are gone indeed, delete the EtcdServices by hand.',
      },
      NotSynced: { meaning: 'The registry has not been listed completely yet.', action: 'Wait.' },
    },
  },
} as const satisfies Readonly<Record<string, ConditionDoc>>;

export type CatalogConditionType = keyof typeof catalogConditions;

export type CatalogReasonOf<Type extends CatalogConditionType> =
  keyof (typeof catalogConditions)[Type]['reasons'];

/** Why a service of a catalog is left out: the word in its status and in the metric. */
export const leftOutReasons: Readonly<Record<LeftOut, ReasonDoc>> = {
  Excluded: { meaning: 'The catalog excludes or does not include it.', action: 'Nothing is to be done.' },
  NoNamespaceRule: {
    meaning: 'No entry of spec.namespaces matches.',
    action: 'Add one, or exclude the service.',
  },
  NamespaceNotFound: {
    meaning: 'The namespace that it would go to does not exist, or is none of those that --namespace names.',
    action: 'Create the namespace; the controller never does.',
  },
  InvalidName: {
    meaning:
      'Nothing of its name can stand in the name of a Service, or its keys are too long for an EtcdService.',
    action: 'Write an EtcdService by hand, or give the service other keys.',
  },
  NameCollision: {
    meaning:
      'Another service has the same name in the same namespace, of this catalog or of the one that the status names.',
    action: 'Write an EtcdService of another name by hand, or send the two to different namespaces.',
  },
  NotGranted: {
    meaning: 'The EtcdRegistry does not grant its keys to the namespace.',
    action: 'Extend spec.grants of the EtcdRegistry.',
  },
};
