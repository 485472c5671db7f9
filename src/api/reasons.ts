/** Every condition of an EtcdService and every reason of it: the word in conditions, Events, logs and metrics, and its documentation. */

export interface ReasonDoc {
  /** What it means, in one sentence. */
  readonly meaning: string;
  /** What the user should do, in one sentence. */
  readonly action: string;
}

export interface ConditionDoc {
  readonly meaning: string;
  readonly reasons: Readonly<Record<string, ReasonDoc>>;
}

export const conditions = {
  Ready: {
    meaning: 'What is published equals etcd under the spec, also where that is nothing.',
    reasons: {
      Published: {
        meaning: 'Kubernetes holds what etcd says.',
        action: 'Nothing is to be done.',
      },
      NotSynced: {
        meaning: 'The registry has not been listed completely yet, so nothing is written.',
        action: 'Wait; where it stays so, look at RegistryConnected and at the log of the controller.',
      },
      InvalidSpec: {
        meaning: 'The spec breaks a rule that the message names; what was published before stays.',
        action: 'Correct the field that the message names.',
      },
      InvalidServiceName: {
        meaning: 'The name of the EtcdService, or of its Service, is none that a Service can have.',
        action: 'Use a DNS label that begins with a letter.',
      },
      RegistryNotFound: {
        meaning:
          'There is no EtcdRegistry of the name in spec.registryRef; or none is named there, and the controller has no registry of its own.',
        action: 'Correct spec.registryRef, or create the EtcdRegistry.',
      },
      RegistryUnusable: {
        meaning: 'The EtcdRegistry breaks a rule that the message names; what was published before stays.',
        action: 'Correct the EtcdRegistry.',
      },
      RegistryNotGranted: {
        meaning: 'The EtcdRegistry has no grant for the namespace; what was published before stays.',
        action: 'Have the namespace added to spec.grants of the EtcdRegistry.',
      },
      PrefixNotAllowed: {
        meaning: 'The namespace may not read this prefix or key.',
        action:
          'Choose another prefix, or have it added to spec.grants of the EtcdRegistry, or to the option --allowed-prefix.',
      },
      PrefixUnreadable: {
        meaning: 'The registry answers, but not for this prefix; what was published before stays.',
        action: "Give the controller's etcd user the permission to read the prefix.",
      },
      ServiceConflict: {
        meaning: 'An older EtcdService fills the same Service.',
        action: 'Delete one of the two, or choose another spec.service.name.',
      },
      ServiceHasSelector: {
        meaning: 'The Service has a selector, so Kubernetes fills it with Pods.',
        action: 'Remove the selector from the Service, or choose another spec.service.name.',
      },
      ServiceIsExternalName: {
        meaning: 'The Service is an ExternalName, which has no endpoints.',
        action:
          'Set creationPolicy to Adopt to have its type changed once instances stand ready, change it yourself, or choose another spec.service.name.',
      },
      ServiceNotOurs: {
        meaning: 'Another controller owns the Service, so it cannot be adopted.',
        action: 'Choose another spec.service.name, or set creationPolicy to Never to fill the Service only.',
      },
      PortsRequired: {
        meaning: 'The Service has to be created, and spec.ports names no port for it.',
        action: 'Name the ports of the Service in spec.ports.',
      },
      PortsNotAnnounced: {
        meaning:
          'The Service has to be created with the ports of its registrations, and none of them announces one yet.',
        action: 'Wait until an instance registers, or name the ports of the Service in spec.ports.',
      },
      WaitingForInstances: {
        meaning:
          'Hand-written Endpoints or EndpointSlices, or an ExternalName, are to be adopted, and etcd holds no ready instance yet.',
        action: 'Wait until an instance registers; until then what stands stays.',
      },
      ServiceNotFound: {
        meaning: 'There is no such Service, and creationPolicy is Never.',
        action: 'Create the Service, or set creationPolicy to IfAbsent.',
      },
      EndpointsTaken: {
        meaning: 'The Endpoints or EndpointSlices of the Service are written by somebody else.',
        action: 'Remove them, or set creationPolicy to Adopt to take them over.',
      },
      SlicesTaken: {
        meaning: 'An EndpointSlice of the name that is needed belongs to somebody else.',
        action: 'Remove the EndpointSlice that the message names.',
      },
      SlicesNotServed: {
        meaning:
          'Only EndpointSlices are to be published, and the cluster does not serve discovery.k8s.io/v1.',
        action: 'Add Endpoints to spec.publish: Kubernetes mirrors them into the slices that it knows.',
      },
      RegistryStale: {
        meaning:
          'The registry has not answered for longer than --stale-seconds, so every instance is published as not ready.',
        action: 'Look at etcd; with its first answer what it says is published again.',
      },
      Paused: {
        meaning: 'The mode is Paused, so everything stays as it is.',
        action: 'Set spec.mode to Publish to go on.',
      },
      Observing: {
        meaning:
          'The mode is Observe, so nothing is written; the condition Equal says how what stands differs.',
        action:
          'When Equal has been True for long enough, set spec.mode to Publish, and creationPolicy to Adopt where others have written what stands.',
      },
      WriteFailed: {
        meaning: 'The apiserver refused a write; it is tried again.',
        action: 'Look at the message: it names the object and what the apiserver said.',
      },
    },
  },
  HasEndpoints: {
    meaning: 'At least one ready instance is published.',
    reasons: {
      EndpointsReady: {
        meaning: 'At least one ready instance is published.',
        action: 'Nothing is to be done.',
      },
      NoReadyEndpoints: {
        meaning: 'Instances are published, but none of them is ready.',
        action: 'Look at the state that the instances announce.',
      },
      NotSynced: {
        meaning: 'The registry has not been listed completely yet.',
        action: 'Wait; where it stays so, look at RegistryConnected.',
      },
      NoInstances: {
        meaning: 'There is no instance to publish; status.instances says what became of the keys.',
        action: 'Look whether instances register below the prefix, and at status.rejected.',
      },
    },
  },
  RegistryConnected: {
    meaning: 'The registry answers; it turns False only when it has not answered for half a minute.',
    reasons: {
      Connected: {
        meaning: 'The registry answers.',
        action: 'Nothing is to be done.',
      },
      Disconnected: {
        meaning: 'The registry does not answer; what was published before stays.',
        action: 'Look at etcd, and at the address and the credentials in the message.',
      },
      NoRegistry: {
        meaning: 'There is no registry that the EtcdService may use.',
        action: 'Look at Ready, which says why.',
      },
      Connecting: {
        meaning: 'The registry has not answered yet.',
        action: 'Wait; where it stays so, look at etcd, and at the EtcdRegistry or the options --etcd.',
      },
    },
  },
  RemovalHeld: {
    meaning: 'Instances that have vanished from etcd stay published, because too many vanished at once.',
    reasons: {
      HeldByGuard: {
        meaning: 'More instances of this service have vanished than spec.guard takes for ordinary.',
        action:
          'Look whether the instances live. If they do not, release the hold: kubectl annotate --overwrite, with etcd-endpoints.io/release-hold and the id in the message. Where the annotation names another hold, the message says so.',
      },
      HeldByRegistryGuard: {
        meaning:
          'More instances of the whole registry have vanished than its guard takes for ordinary: etcd may have lost leases or been restored.',
        action:
          'Look at etcd, and whether the instances live. If they do not, release the hold: kubectl annotate --overwrite, with etcd-endpoints.io/release-hold and the id in the message. Where the annotation names another hold, the message says so.',
      },
      NothingHeld: {
        meaning: 'Nothing is held, and no hold has ended since the controller began.',
        action: 'Nothing is to be done.',
      },
      HoldEnded: {
        meaning: 'Everything that was held has registered again or was found dead.',
        action: 'Nothing is to be done.',
      },
      HoldExpired: {
        meaning: 'The time of the hold is over, and what etcd says is published.',
        action: 'Nothing is to be done; where instances are missing that live, see why they do not register.',
      },
      HoldReleased: {
        meaning: 'Somebody has released the hold with the annotation etcd-endpoints.io/release-hold.',
        action: 'Nothing is to be done.',
      },
      NotSynced: {
        meaning: 'The registry has not been listed completely yet, so nothing is known to have vanished.',
        action: 'Wait; where it stays so, look at RegistryConnected.',
      },
    },
  },
  Equal: {
    meaning:
      'With the mode Observe alone: what stands is what would be published. It turns False when something has differed for half a minute; since when it is True tells lastTransitionTime.',
    reasons: {
      Equal: {
        meaning: 'Clients reach the same addresses and ports, ready where they would be.',
        action: 'Nothing is to be done; publishing would change nothing for clients.',
      },
      Differs: {
        meaning:
          'Something is missing, superfluous or different; status.observed counts it and has examples.',
        action: 'Compare the examples with what is registered, and correct the one that is wrong.',
      },
      NotCompared: {
        meaning: 'It is not known what stands, or nothing has been compared yet.',
        action: 'Look at the message; it is tried again.',
      },
    },
  },
} as const satisfies Readonly<Record<string, ConditionDoc>>;

export type ConditionType = keyof typeof conditions;

export type ReasonOf<Type extends ConditionType> = keyof (typeof conditions)[Type]['reasons'];

export type ReadyReason = ReasonOf<'Ready'>;
export type HasEndpointsReason = ReasonOf<'HasEndpoints'>;
export type RegistryConnectedReason = ReasonOf<'RegistryConnected'>;
export type RemovalHeldReason = ReasonOf<'RemovalHeld'>;
export type EqualReason = ReasonOf<'Equal'>;

/** Reasons of Events that are no reason of a condition: what was done, and what a user should know of registrations. */
export const eventReasons = {
  TermBegan: {
    meaning:
      'Another replica leads from now on. The Event is about the namespace that the controller runs in.',
    action:
      'Nothing is to be done, unless it comes often: then look at etcd and at the metric etcd_endpoints_lease_losses_total.',
  },
  ServiceCreated: { meaning: 'The Service was created.', action: 'Nothing is to be done.' },
  ServiceUpdated: {
    meaning: 'The Service was changed as the spec asks for.',
    action: 'Nothing is to be done.',
  },
  ServiceAdopted: {
    meaning: 'A Service that stood before belongs to the EtcdService from now on.',
    action: 'Nothing is to be done.',
  },
  ServiceConverted: {
    meaning:
      'A Service that was an ExternalName has endpoints from now on. What it was stands in the annotation etcd-endpoints.io/adopted-from.',
    action: 'Change its type also where it is written, such as in Git: it is converted once.',
  },
  SlicesAdopted: {
    meaning:
      'EndpointSlices that others wrote for the Service were deleted, because ours stand in their place.',
    action: 'Nothing is to be done.',
  },
  EndpointsAdopted: {
    meaning: 'Hand-written Endpoints were taken over.',
    action: 'What they held before stands in the annotation etcd-endpoints.io/adopted-from.',
  },
  EndpointsRemoved: {
    meaning: 'The Endpoints were deleted, because spec.publish or --publish asks for EndpointSlices alone.',
    action: 'Nothing is to be done.',
  },
  SlicesNotMirrored: {
    meaning:
      'Endpoints alone are to be published, and Kubernetes has not mirrored them into EndpointSlices within two minutes. Ours were deleted.',
    action:
      'See whether kube-controller-manager runs its endpointslice-mirroring-controller, or let spec.publish name EndpointSlice.',
  },
  RegistrationsRejected: {
    meaning: 'Registrations cannot be read or published; what they announced before stays.',
    action: 'Correct the registrations that status.rejected names.',
  },
  PortsLeftOut: {
    meaning:
      'Registrations announce ports that the Service cannot have: more than 32, a name that is none, or a number that another port of the Service has.',
    action: 'Correct the registrations, or name the ports of the Service in spec.ports.',
  },
  PortsMissing: {
    meaning: 'Instances lack some of the ports of the Service and are published for the others.',
    action: 'Register the ports, or set defaultTargetPort.',
  },
  PortsDiffer: {
    meaning:
      'The Service is headless and its instances differ in ports: who looks up addresses in DNS cannot know which port is whose.',
    action: 'Register the same ports on all instances, or let clients look up SRV records.',
  },
  InvalidZone: {
    meaning: 'The zone of an instance is none that a Node can have; it is published without.',
    action: 'Map what the metadata says to the zones of the cluster in spec.topology.zone.values.',
  },
  InvalidLabel: {
    meaning:
      'The metadata that spec.slices.labels names can be the value of no label (at most 63 letters, digits, `-`, `_` and `.`); the instance is published without the label.',
    action: 'Register another value, or take the label out of spec.slices.labels.',
  },
  InvalidWeight: {
    meaning:
      'The metadata that spec.slices.weights names is no whole number from 0 to 4294967295; the instance is published without a weight.',
    action: 'Register a whole number, or correct spec.slices.weights.path.',
  },
  NoZoneHints: {
    meaning:
      'Some ready instances have no zone, so that the others get no hints: Kubernetes would ignore hints that not every ready instance has.',
    action: 'Let every instance announce its zone, or set spec.topology.hints to None.',
  },
  TooManyPortSets: {
    meaning:
      'The instances have more than 100 different sets of ports, each of which costs every node of the cluster.',
    action: 'Register the same ports on all instances, or use a number as targetPort.',
  },
  TooManyLabelSets: {
    meaning:
      'The instances have more than 100 different sets of the labels in spec.slices.labels, each of which is a slice of its own and costs every node of the cluster. The 100 that most instances have are published; the other instances go without these labels.',
    action: 'Take out of spec.slices.labels what nearly every instance says differently.',
  },
  OverCapacity: {
    meaning: 'There are more addresses than one Endpoints object may hold; the rest is left out.',
    action: 'Split the service into several prefixes.',
  },
} as const satisfies Readonly<Record<string, ReasonDoc>>;

export type EventReason = keyof typeof eventReasons;
