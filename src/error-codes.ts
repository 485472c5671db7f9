/** Every code of an error, with its meaning and what to do: the word in logs and answers, and its documentation. Codes are stable. */
export interface ErrorDoc {
  /** What it means, in one sentence. */
  readonly meaning: string;
  /** What the user should do, in one sentence. */
  readonly action: string;
}

const nothing = 'Nothing is to be done: the work is tried again by itself.';
const report = 'Report it as a defect: no input should lead here.';

export const errorCodes = {
  INVALID_OPTIONS: {
    meaning: 'The command line, an environment variable or a file that they name is wrong.',
    action: 'Correct each option that the message names; the command exits with 2.',
  },
  INVALID_ELECTION_NAME: {
    meaning: 'The name of the election is none that a key of etcd should have.',
    action: 'Correct --election-name.',
  },
  INVALID_TTL: {
    meaning: 'A lease is asked for with a time that etcd does not grant.',
    action: 'Correct --lease-ttl or --ttl.',
  },
  INVALID_PATH: {
    meaning: 'A path into JSON cannot be read.',
    action: 'Correct the path in spec.json, as the message shows it.',
  },
  HTTP_ADDRESS_UNAVAILABLE: {
    meaning: 'The address for metrics, probes or explanations cannot be listened on.',
    action: 'Choose another --http-address or --explain-address, or end what listens there.',
  },
  ETCD_UNAVAILABLE: {
    meaning: 'No connection to the member of etcd could be made, or it broke.',
    action: 'Look at the member, the network and the address; what is published stays meanwhile.',
  },
  ETCD_TIMEOUT: {
    meaning: 'The member of etcd gave no answer in time, or the members did not agree in time.',
    action:
      'Look at the load and the disks of etcd, and at the network; raise --etcd-call-timeout for slow ones.',
  },
  ETCD_NO_LEADER: {
    meaning: 'The member of etcd knows no leader, so that it answers nothing that counts.',
    action: 'Start enough members for a majority, or mend the network between them.',
  },
  ETCD_OVERLOADED: {
    meaning: 'etcd refuses calls because it has too many.',
    action: 'Look at the load of etcd.',
  },
  ETCD_NO_SPACE: {
    meaning: 'The database of etcd has reached its quota; etcd takes no writes.',
    action: 'Compact and defragment it, or raise its quota; then disarm the alarm.',
  },
  ETCD_NOT_ETCD: {
    meaning: 'What answers there does not speak the API of etcd 3.',
    action: 'Name the port for clients, 2379 as a rule.',
  },
  ETCD_CERTIFICATE_INVALID: {
    meaning: 'The certificate of the member is not trusted, has expired, or is for another name.',
    action: 'Correct the CA or the server name, or renew the certificate of etcd.',
  },
  ETCD_CERTIFICATE_REFUSED: {
    meaning: 'etcd does not accept our client certificate, or wants one.',
    action: 'Give a valid client certificate of an authority that etcd trusts.',
  },
  ETCD_INVALID_TLS: {
    meaning: 'CA, certificate and key do not fit together or cannot be used.',
    action: 'Correct the files or the Secrets that the message names.',
  },
  ETCD_INVALID_HOSTS: {
    meaning: 'The addresses of etcd are no URLs of members, or mix http and https.',
    action: 'Correct the address that the message names.',
  },
  ETCD_AUTH_FAILED: {
    meaning: 'etcd refuses the user or the password.',
    action: 'Correct the user and its password.',
  },
  ETCD_AUTH_NOT_ENABLED: {
    meaning: 'A user is given, and etcd has authentication switched off.',
    action: 'Switch it on in etcd; until then the user is not looked at.',
  },
  ETCD_TOKEN_REFUSED: {
    meaning: 'etcd does not accept a token any more, or wants a user where none is given.',
    action: 'Give a user where there is none; otherwise a new token is asked for by itself.',
  },
  ETCD_PERMISSION_DENIED: {
    meaning: 'The role of the user does not hold the permission for this.',
    action: 'Grant the permission on the prefix to the role of the user.',
  },
  ETCD_LEASE_NOT_FOUND: {
    meaning: 'etcd does not know the lease: it has run out or was revoked.',
    action: 'Nothing is to be done: a new lease is granted.',
  },
  ETCD_LEASE_EXISTS: { meaning: 'A lease of this id was granted already.', action: nothing },
  ETCD_COMPACTED: { meaning: 'etcd has dropped the revision that was asked for.', action: nothing },
  ETCD_FUTURE_REVISION: {
    meaning: 'etcd has not reached a revision that it had told of before: it was restored or replaced.',
    action: 'Nothing is to be done: everything is listed again.',
  },
  ETCD_MESSAGE_TOO_LARGE: {
    meaning: 'A message of etcd is larger than the limit.',
    action: 'Raise --etcd-max-message-bytes where it comes again and again.',
  },
  ETCD_INVALID_REQUEST: { meaning: 'etcd says that the request is not valid.', action: report },
  ETCD_INVALID_RESPONSE: { meaning: 'etcd sent what no etcd sends.', action: report },
  ETCD_FAILED: {
    meaning: 'etcd failed in a way that is not known.',
    action: 'See the message, which holds the words of etcd.',
  },
  ETCD_RELEASE: {
    meaning: 'The member of etcd is of a release that is not asked in this way.',
    action: nothing,
  },
  ETCD_CLIENT_CLOSED: {
    meaning: 'The client of etcd was closed while something was asked.',
    action: nothing,
  },
  ETCD_CLIENT_RENEWED: {
    meaning: 'Addresses or credentials of etcd have changed while something was asked.',
    action: nothing,
  },
  ELECTION_CLOSED: { meaning: 'The election was left while something was asked of it.', action: nothing },
  ELECTION_KEY_LOST: {
    meaning: 'The key with which this replica stands for election is gone, or is not its own any more.',
    action: 'Nothing is to be done, unless somebody deletes keys of elections by hand.',
  },
  LEAD_FAILED: {
    meaning: 'The work of a term ended with an error; the lead was given up.',
    action: 'See the cause in the log.',
  },
  LEASE_LOST: {
    meaning: 'The lease could not be kept alive in time.',
    action: 'Look at etcd and at the load of this machine where it comes again and again.',
  },
  LEASE_CLOSED: { meaning: 'The lease was given back.', action: nothing },
  LEASE_LEFT: {
    meaning: 'The lease could not be given back at the end.',
    action: 'Nothing is to be done: its keys go when it runs out.',
  },
  NOT_LEADING: {
    meaning: 'This replica does not lead, and so neither writes nor explains.',
    action: 'Ask the replica that leads.',
  },
  TERM_ENDED: { meaning: 'The term ended while something was under way.', action: nothing },
  REGISTRAR_CLOSED: { meaning: 'The registrations were given up.', action: nothing },
  REGISTRATION_TAKEN: {
    meaning: 'Somebody else holds the key with a lease that lives.',
    action: 'Choose another key, end the other holder, or take it over with --takeover.',
  },
  REGISTER_TIMEOUT: {
    meaning: 'The registration was not made within --timeout.',
    action: 'See the cause in the message: the check or etcd.',
  },
  CHECK_FAILED: {
    meaning: 'The check did not pass, so that nothing was registered.',
    action: 'See to what is checked.',
  },
  DISCOVER_TIMEOUT: {
    meaning: 'The list was not complete within --timeout.',
    action: 'Look at etcd, or raise --timeout.',
  },
  EXPLAIN_TIMEOUT: {
    meaning: 'etcd gave no answer within --timeout.',
    action: 'Look at etcd, or raise --timeout.',
  },
  PLAN_TIMEOUT: {
    meaning: 'The registrations were not read within --timeout.',
    action: 'Look at etcd, or raise --timeout.',
  },
  INVALID_MANIFEST: {
    meaning: 'A file of objects cannot be read: the message names file and line, or the object.',
    action: 'Correct the file.',
  },
  NOTHING_TO_PLAN: {
    meaning: 'There is no EtcdService of that name and namespace where they were looked for.',
    action: 'Correct --file, --namespace or the name.',
  },
  NOT_SHOWN: {
    meaning: 'What decides about an EtcdService stands neither in the files nor in the cluster.',
    action: 'Add what the message names to the files, or plan against the cluster.',
  },
  KEY_NOT_FOUND: { meaning: 'etcd has no such key.', action: 'Correct the key.' },
  NO_CONTROLLER: {
    meaning: 'No controller answers where explanations are served.',
    action: 'Run the command in the pod of the controller, or correct --explain-address.',
  },
  NOT_EXPLAINED: {
    meaning: 'The controller does not explain it, for the reason that the message gives.',
    action: 'Follow the message: mostly another replica is to be asked.',
  },
  UNKNOWN_ETCD_SERVICE: {
    meaning: 'The controller knows no EtcdService of this name.',
    action: 'Correct the name or the namespace.',
  },
  REGISTRY_CLOSED: { meaning: 'The registry is not followed any more.', action: nothing },
  DNS_TIMEOUT: {
    meaning: 'The name of an ExternalName Service was not resolved in time.',
    action: 'Look at the DNS of the machine that the controller runs on.',
  },
  KUBE_CONFIG: {
    meaning: 'The kubeconfig cannot be read, or names no apiserver.',
    action: 'Correct --kubeconfig or --context.',
  },
  KUBE_CREDENTIALS: {
    meaning: 'The credentials that the kubeconfig names cannot be read.',
    action: 'Correct the file or the plugin that the message names.',
  },
  KUBE_UNAUTHORIZED: {
    meaning: 'The apiserver does not accept the credentials.',
    action: 'Renew the token or the certificate of the kubeconfig.',
  },
  KUBE_FORBIDDEN: {
    meaning: 'A right is missing, or a quota or a webhook forbids it.',
    action: 'Grant what the message names.',
  },
  KUBE_UNAVAILABLE: {
    meaning: 'The apiserver does not answer, or answers that it cannot.',
    action: 'Look at the apiserver; the work is tried again by itself.',
  },
  KUBE_TIMEOUT: {
    meaning: 'The apiserver gave no answer in time.',
    action: 'Look at the apiserver; the work is tried again by itself.',
  },
  KUBE_TOO_MANY_REQUESTS: { meaning: 'The apiserver asks for a pause.', action: nothing },
  KUBE_NOT_SERVED: {
    meaning: 'The apiserver does not serve the resource.',
    action: 'Install the CRDs; for a resource of Kubernetes, see the versions that are supported.',
  },
  KUBE_NOT_FOUND: { meaning: 'There is no such object.', action: nothing },
  KUBE_ALREADY_EXISTS: { meaning: 'Somebody else has created the object meanwhile.', action: nothing },
  KUBE_CONFLICT: { meaning: 'Somebody else has changed the object meanwhile.', action: nothing },
  KUBE_EXPIRED: { meaning: 'The list or the watch is too old to be gone on with.', action: nothing },
  KUBE_REVISION_TOO_LARGE: { meaning: 'The apiserver lags behind what was seen before.', action: nothing },
  KUBE_INVALID: {
    meaning: 'The apiserver refuses fields of the object.',
    action: 'Correct the fields that the message names, in the EtcdService or in the Service.',
  },
  KUBE_BAD_REQUEST: {
    meaning: 'The apiserver refuses the request as it is.',
    action: 'See the message: mostly an admission webhook speaks.',
  },
  KUBE_UNKNOWN_FIELD: {
    meaning: 'The apiserver is too old for a field.',
    action: 'Leave the field out, or upgrade Kubernetes.',
  },
  KUBE_NAMESPACE_TERMINATING: {
    meaning: 'The namespace is being deleted, so that nothing can be created in it.',
    action: 'Nothing is to be done.',
  },
  KUBE_MALFORMED: {
    meaning: 'What answers is no apiserver, or something between changes its answers.',
    action: 'Correct the address of the apiserver.',
  },
  KUBE_VERSION_MISSING: {
    meaning: 'An object was to be deleted whose version is not known.',
    action: report,
  },
  KUBE_CLOSED: { meaning: 'The client of Kubernetes was closed while something was asked.', action: nothing },
  SERVICE_APPEARED: { meaning: 'A Service has appeared where one was to be created.', action: nothing },
  SERVICE_TERMINATING: {
    meaning: 'The Service is being deleted, and waits for a finalizer.',
    action: 'Where it does not go, see to its finalizers.',
  },
  SLICE_APPEARED: { meaning: 'An EndpointSlice has appeared where one was to be created.', action: nothing },
  VERIFY_TIMEOUT: {
    meaning: '`etcd-endpoints verify` has not seen in time what a registration should bring about.',
    action: 'See what the message says of etcd or of the EtcdService; `etcd-endpoints doctor` looks further.',
  },
} as const satisfies Record<string, ErrorDoc>;

export type ErrorCode = keyof typeof errorCodes;
