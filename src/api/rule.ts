/**
 * What the shape of a custom resource alone cannot say. Each rule stands once and is checked twice: by the apiserver as CEL, and by the
 * controller, since servers before 1.25 drop CEL silently. `Subject` is what a rule looks at: an object whose spec has the right shape.
 */
export interface Rule<Subject> extends PlacedRule {
  /** The same in TypeScript; `old` is the object before an update, where it is known. */
  holds(subject: Subject, old: Subject | undefined): boolean;
}

/** A rule as the CRD has it. */
export interface PlacedRule {
  /** The field that `self` is, as a path of properties; `''` is the whole object. */
  readonly at: string;
  /** The field that a user has to change. */
  readonly field: string;
  /** In CEL, where `oldSelf` makes it a rule for updates alone. */
  readonly cel: string;
  readonly message: string;
}
