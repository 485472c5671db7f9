const announced = /^(\d{1,3}\.){3}\d{1,3}:\d{1,5}$/;

/** Whether a value of the workload announces an address: the model's own idea of the format `plain`. */
export function isAnnounced(value: string): boolean {
  return announced.test(value);
}
