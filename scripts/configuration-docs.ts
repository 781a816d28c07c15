import { configKeys } from '#config.ts';

const entries = Object.entries(configKeys);

/** `docs/configuration.md`, from the table that the product reads its configuration by. */
export function configurationPage(): string {
  const rows = entries.map(([name, { default: fallback, doc }]) => {
    const shown = fallback ? `\`${fallback}\`` : '';
    return `| \`${name}\` | ${shown} | ${doc} |`;
  });
  return `# Configuration

Every key is read from the environment, and from a file \`.env\` in the folder the server is started in; the environment wins.
An empty value counts as absent. A wrong value stops the start with a sentence that says which and why.

| key | default | what it does |
|---|---|---|
${rows.join('\n')}

Sizes are bytes or take a unit (\`20MiB\`, \`1.5GB\`). This page and \`.env.example\` are written from \`src/config.ts\` by
\`npm run docs\`, and a test holds them to it.
`;
}

/** `.env.example`: every key, switched off, with what it does. */
export function envExample(): string {
  const blocks = entries.map(([name, { default: fallback, doc }]) => `# ${doc}\n#${name}=${fallback ?? ''}`);
  return `# Copy to .env and take the # from what you want to set. docs/configuration.md has the same as a table.\n\n${blocks.join('\n\n')}\n`;
}
