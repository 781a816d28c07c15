/** In which form a link answers at its own address. */
export type AnswerForm = 'html' | 'image' | 'json';

const forms: readonly (readonly [RegExp, AnswerForm])[] = [
  [/^text\/html$/, 'html'],
  [/^application\/xhtml\+xml$/, 'html'],
  [/^image\//, 'image'],
  [/^application\/json$/, 'json'],
  [/^\*\/\*$/, 'json'],
];

/** What an `Accept` header would rather have (RFC 9110, 12.5.1): the heaviest it names, of equals the first; else JSON. */
export function chooseForm(accept: string | undefined): AnswerForm {
  let best: { form: AnswerForm; weight: number } | null = null;
  for (const part of (accept ?? '').split(',')) {
    const [type = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase());
    const form = forms.find(([pattern]) => pattern.test(type))?.[1];
    const weight = Number(/^q=([\d.]+)$/.exec(parameters.find((text) => text.startsWith('q=')) ?? 'q=1')?.[1] ?? 0);
    if (form && weight > (best?.weight ?? 0)) best = { form, weight };
  }
  return best?.form ?? 'json';
}
