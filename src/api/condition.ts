import { z } from 'zod';

/** What every status of ours says in the same way. */

/** The longest message of a condition, in UTF-16 units. */
export const conditionMessageLimit = 32_768;

const conditionSchema = z.object({
  type: z
    .string()
    .max(316)
    .regex(/^[A-Z][A-Za-z]*$/)
    .describe('What the condition is about.'),
  status: z.enum(['True', 'False', 'Unknown']).describe('Whether it holds.'),
  reason: z
    .string()
    .min(1)
    .max(1024)
    .regex(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/)
    .describe('Why, in one word.'),
  message: z.string().max(conditionMessageLimit).describe('Why, for people.'),
  lastTransitionTime: z.string().meta({ format: 'date-time' }).describe('When the status changed last.'),
  observedGeneration: z
    .int()
    .min(0)
    .meta({ format: 'int64' })
    .optional()
    .describe('The generation of the spec that the condition was found for.'),
});

export type Condition = z.output<typeof conditionSchema>;

/** The list of conditions, each type once. */
export const conditionsSchema = z
  .array(conditionSchema)
  .max(16)
  .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] })
  .optional();
