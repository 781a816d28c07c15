import { z } from '@hono/zod-openapi';
import { dateTime } from '#platform/http/contract.ts';

export const mode = z.enum(['local', 'remote']);

const OneBackend = z.strictObject({
  name: z.string(),
  driver: z.string(),
  connected: z.boolean(),
  api_version: z.string().nullable(),
  message: z.string().nullable().openapi({ description: 'Why it does not answer, where it does not' }),
  is_offered: z.boolean().openapi({ description: 'False where the mode has the other InvokeAI make pictures' }),
  url: z.string().nullable().openapi({ description: 'Where it is, for administrators' }),
  steps_waiting: z.int().openapi({ description: 'Of everybody, those being made included' }),
});

const RentedMachine = z
  .strictObject({
    state: z
      .enum(['none', 'asked for', 'PROVISIONING', 'STARTING', 'RUNNING', 'EXITED', 'ERROR', 'TERMINATED'])
      .nullable()
      .openapi({ description: 'As RunPod says it; null where RunPod cannot be asked, and `message` says why' }),
    message: z.string().nullable(),
    paused: z.string().nullable().openapi({ description: 'Why work does not start it; null where it does' }),
    trouble: z.string().nullable().openapi({ description: 'Why it was not to be had when it was last wanted' }),
    troubled_at: dateTime.nullable(),
    run: z
      .strictObject({ started_at: dateTime, seconds: z.number(), dollars: z.number() })
      .nullable()
      .openapi({ description: 'Since it was started; of when it ran last, where it is stopped' }),
    today: z.strictObject({ seconds: z.number(), dollars: z.number() }).openapi({ description: 'Of this day in UTC' }),
    most_hours_a_day: z.int(),
    idle_minutes: z.int().openapi({ description: 'Without work, after which it is stopped' }),
    pictures_waiting: z.int().openapi({ description: 'Made there, and not fetched yet' }),
  })
  .openapi('RentedMachine');

const administrators = 'For administrators; null for everybody else';

export const BackendStatus = z
  .strictObject({
    mode,
    connected: z.boolean().openapi({ description: 'Whether the first of the backends that are offered answers' }),
    api_version: z.string().nullable(),
    backends: z.array(OneBackend).openapi({
      description:
        'Those that are offered, in the order in which their models are; for administrators, the others as well',
    }),
    pod: RentedMachine.nullable().openapi({
      description: 'Null for everybody but administrators, and where no machine can be rented',
    }),
    url: z.string().nullable().openapi({ description: administrators }),
    pod_id: z.string().nullable().openapi({ description: administrators }),
    pod_status: z.string().nullable().openapi({ description: administrators }),
    last_activity: dateTime.nullable().openapi({ description: administrators }),
    uptime: z
      .int()
      .nullable()
      .openapi({ description: `Seconds since it was last started. ${administrators}` }),
    current_cost: z
      .number()
      .nullable()
      .openapi({ description: `Dollars since it was last started. ${administrators}` }),
    cost_per_hour: z
      .number()
      .nullable()
      .openapi({ description: `Dollars, while it runs. ${administrators}` }),
    lifetime_hours: z.number().nullable().openapi({ description: administrators }),
    lifetime_cost: z
      .number()
      .nullable()
      .openapi({ description: `Dollars. ${administrators}` }),
    alarm: z
      .string()
      .nullable()
      .openapi({ description: `What costs money and cannot be ended from here. ${administrators}` }),
  })
  .openapi('BackendStatus');

export const ModeChange = z.strictObject({ mode });
export const ModeChanged = z.strictObject({ mode, connected: z.boolean(), message: z.string() }).openapi('BackendMode');
export const PodStarted = z
  .strictObject({ pod_id: z.string().nullable(), status: z.string(), estimated_startup_time: z.int() })
  .openapi('PodStarted', { description: 'estimated_startup_time in seconds' });
export const PodStopped = z
  .strictObject({
    pod_id: z.string().nullable(),
    status: z.string(),
    session_duration: z.int(),
    session_cost: z.number(),
  })
  .openapi('PodStopped', {
    description: 'Seconds and dollars since it was started; where it is not stopped yet, it is seen in the status',
  });
