/** `create` asks for something new, whatever there is to start from; `change` is about the picture at hand. */
export type Intent = 'create' | 'change' | null;

const polite = /^(?:please,?\s+)?(?:(?:can|could|would)\s+you\s+(?:please\s+)?)?/i;
const article = '(?:an?|the|some|two|three|four)';
const beginnings: [RegExp, Exclude<Intent, null>][] = [
  [
    new RegExp(
      `^(?:create|make|generate|draw|paint|show|give)\\s+(?:me\\s+)?(?:${article}\\s+)?(?:new\\s+)?(?:images?|pictures?)\\s+(?:of|showing|with)\\b:?\\s*`,
      'i',
    ),
    'create',
  ],
  // What kind of picture it is to be stays: “a watercolour of a lake”.
  [new RegExp(`^(?:create|generate|draw|paint)(?::|\\s+me\\b|\\s+(?=${article}\\s))\\s*`, 'i'), 'create'],
  [/^(?:change|turn)\s+(?:it|this|that)\s+(?:in)?to\b:?\s*/i, 'change'],
  [/^make\s+(?:it|this)\s+/i, 'change'],
];

/** What somebody wrote as they would say it to a person, as the prompt: “Create an image of a lake at dawn” is “a lake at dawn”. */
export function readPrompt(written: string): { prompt: string; intent: Intent } {
  const text = written.trim();
  const plain = text.replace(polite, '');
  for (const [beginning, intent] of beginnings) {
    if (!beginning.test(plain)) continue;
    const rest = plain.replace(beginning, '').trim();
    // What is new begins a sentence, and is what its session is called.
    return { prompt: intent === 'create' ? rest.charAt(0).toUpperCase() + rest.slice(1) : rest, intent };
  }
  return { prompt: text, intent: null };
}
