// Which part may know which; docs/architecture.md says why.
const feature = (name) => `^src/features/${name}/`;

const tests = '\\.test(-d|-suite)?\\.ts$';

/** In this order: a feature may use those before it, by their index.ts. Access decides by ids and knows no other feature. */
const order = [
  'access',
  'audit',
  'accounts',
  'organizations',
  'photos',
  'styles',
  'generation',
  'pictures',
  'albums',
  'sharing',
  'imports',
  'events',
  'storage',
  'backup',
  'operation',
];

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Two modules that need each other are one module, or need a third.',
      severity: 'error',
      from: {},
      to: { circular: true, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'not-resolvable',
      comment: 'An import that leads nowhere fails at run time only.',
      severity: 'error',
      from: { pathNot: '^web/' },
      to: { couldNotResolve: true },
    },
    {
      name: 'features-meet-through-index',
      comment: 'What a feature does not show in its index.ts is its own business.',
      severity: 'error',
      from: { path: '^src/features/([^/]+)/', pathNot: tests },
      to: { path: '^src/features/([^/]+)/', pathNot: ['^src/features/$1/', '^src/features/[^/]+/index\\.ts$'] },
    },
    {
      name: 'others-enter-features-through-index',
      comment: 'src/app.ts and its like compose features; they do not reach into them.',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/features/', tests] },
      to: { path: '^src/features/', pathNot: '^src/features/[^/]+/index\\.ts$' },
    },
    ...order.map((name, index) => ({
      name: `${name}-knows-only-what-is-before-it`,
      comment: `The features stand in an order: ${order.join(' → ')}.`,
      severity: 'error',
      from: { path: feature(name), pathNot: tests },
      to: { path: '^src/features/', pathNot: order.slice(0, index + 1).map(feature) },
    })),
    {
      name: 'every-feature-has-its-place',
      comment: 'A feature that is not in the list above may use no other.',
      severity: 'error',
      from: { path: '^src/features/([^/]+)/', pathNot: [tests, ...order.map(feature)] },
      to: { path: '^src/features/', pathNot: '^src/features/$1/' },
    },
    {
      name: 'platform-knows-no-feature',
      comment: 'The platform serves any product; features are this one.',
      severity: 'error',
      from: { path: '^src/platform/', pathNot: tests },
      to: { path: '^src/(features/|app\\.ts|serve\\.ts|server\\.ts|main\\.ts)' },
    },
    {
      name: 'nothing-knows-legacy',
      comment: 'Earlier systems are spoken to through adapters; the product itself owes them nothing.',
      severity: 'error',
      from: { path: '^(src|web/src|bin)/', pathNot: ['^src/legacy/', '^src/app\\.ts$', tests] },
      to: { path: '^src/legacy/' },
    },
    {
      name: 'legacy-only-translates',
      comment:
        'Old request, use-case, old response: no adapter touches a store, the database or stored bytes, or another adapter.',
      severity: 'error',
      from: { path: '^src/legacy/', pathNot: tests },
      to: { path: '^src/(features/[^/]+/(?!index\\.ts$)|platform/(database|blobs|imaging|jobs)/)' },
    },
    {
      name: 'adapters-stand-alone',
      comment: 'What two earlier systems share belongs to the frame.',
      severity: 'error',
      from: { path: '^src/legacy/([^/]+)/', pathNot: tests },
      to: { path: '^src/legacy/([^/]+)/', pathNot: '^src/legacy/$1/' },
    },
    {
      name: 'nothing-imports-main',
      comment: 'main.ts has side effects: importing it starts the product.',
      severity: 'error',
      from: {},
      to: { path: '^src/main\\.ts$' },
    },
    {
      name: 'web-takes-only-types-from-the-server',
      comment: 'A value would drag server code into the browser.',
      severity: 'error',
      from: { path: '^web/' },
      to: { path: '^src/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'server-knows-no-web',
      comment: 'The server serves web/build as files.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^web/' },
    },
    {
      name: 'only-maintenance-is-system',
      comment:
        'gc, verify, move, purge and whoever gives the studio’s turns see every owner’s rows; no request may come to that.',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: [
          '^src/platform/database/',
          '(^|/)(maintenance/|(claim|collect|gc|purge|sweep|verify|move)[^/]*\\.ts$)',
          tests,
        ],
      },
      to: { path: '^src/platform/database/as-system\\.ts$' },
    },
    {
      name: 'only-blobs-are-storage',
      comment: 'Stored bytes are read by their hash, after somebody has asked whose they are.',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/platform/blobs/(postgres-store|storage-place)\\.ts$', tests] },
      to: { path: '^src/platform/database/as-storage\\.ts$' },
    },
    {
      name: 'product-needs-no-tests',
      comment: 'Tests, benches and scripts use the product, never the other way.',
      severity: 'error',
      from: { path: '^(src|web/src|bin)/', pathNot: tests },
      to: { path: ['^(test|bench|scripts)/', tests] },
    },
    {
      name: 'product-needs-no-development-package',
      comment: 'A server installed without development packages must run.',
      severity: 'error',
      from: { path: '^src/', pathNot: tests },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: ['^web/(build|\\.svelte-kit)/', '^node_modules/\\.'] },
    tsPreCompilationDeps: 'specify',
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
