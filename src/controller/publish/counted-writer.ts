import { codeOf } from '../../errors.ts';
import type { KubeObject, KubeWriter, Resource } from '../../kube/types.ts';
import type { Metrics } from '../../telemetry/metrics.ts';

type Operation = Parameters<Metrics['writes']['inc']>[0]['operation'];
type Kind = Parameters<Metrics['writes']['inc']>[0]['kind'];

/** A writer that counts what it writes, by kind, operation and result. */
export function countedWriter(writer: KubeWriter, metrics: Metrics): KubeWriter {
  const counted = async <T>(
    resource: Resource,
    operation: Operation,
    write: () => Promise<T>,
  ): Promise<T> => {
    const kind = resource.kind as Kind;
    try {
      const written = await write();
      metrics.writes.inc({ kind, operation, result: 'success' });
      return written;
    } catch (error) {
      metrics.writes.inc({
        kind,
        operation,
        result: codeOf(error) === 'KUBE_CONFLICT' ? 'conflict' : 'error',
      });
      throw error;
    }
  };
  return {
    create: (resource, object) => counted(resource, 'create', () => writer.create(resource, object)),
    update: (resource, object) => counted(resource, 'update', () => writer.update(resource, object)),
    updateStatus: (resource, object) =>
      counted(resource, 'update_status', () => writer.updateStatus(resource, object)),
    apply: (resource, object, options) =>
      counted(resource, 'apply', () => writer.apply(resource, object, options)),
    mergePatch: <T extends KubeObject>(...args: Parameters<typeof writer.mergePatch<T>>) =>
      counted(args[0], 'patch', () => writer.mergePatch(...args)),
    delete: (resource, target) => counted(resource, 'delete', () => writer.delete(resource, target)),
  };
}
