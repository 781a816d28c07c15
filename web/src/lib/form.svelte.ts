import { tick } from 'svelte';
import { ApiError, messageOf } from '#lib/api.ts';

/** What went wrong with a form: a sentence for each field named by the server, and one for the form as a whole. */
export type FormProblem = { fields: Record<string, string>; form: string | null };

/** As the server's validation lists them; no field where the body as a whole is meant. */
type Issue = { field: string | null; message: string };

function problemOf(error: unknown): FormProblem {
  const details = error instanceof ApiError ? error.details : {};
  const message = messageOf(error);
  if (Array.isArray(details.issues)) {
    const issues = (details.issues as Issue[]).filter((issue) => issue.field);
    if (issues.length > 0)
      return { fields: Object.fromEntries(issues.map((issue) => [issue.field, issue.message])), form: null };
  }
  if (typeof details.field === 'string') return { fields: { [details.field]: message }, form: null };
  return { fields: {}, form: message };
}

/**
 * A form's life: one submission at a time, the server's sentences beside the fields they are about, the focus on the first of them.
 * `run` does the work; what it throws becomes the problem shown.
 */
export function createForm(run: () => Promise<unknown>) {
  let busy = $state(false);
  let problem = $state.raw<FormProblem>({ fields: {}, form: null });

  return {
    get busy() {
      return busy;
    },
    get problem() {
      return problem;
    },
    /** Shows a problem found before anything was sent. */
    refuse(fields: Record<string, string>) {
      problem = { fields, form: null };
    },
    async submit(event: SubmitEvent) {
      event.preventDefault();
      if (busy) return;
      const form = event.currentTarget as HTMLFormElement;
      busy = true;
      problem = { fields: {}, form: null };
      try {
        await run();
      } catch (error) {
        problem = problemOf(error);
      } finally {
        busy = false;
      }
      // After Svelte has drawn the sentences, so that the field is described by its error when the focus arrives; not a frame later, when
      // whoever read them may be typing in another field.
      await tick();
      form.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
    },
  };
}
