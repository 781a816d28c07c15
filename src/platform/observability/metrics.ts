import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** What one server counts, in Prometheus' terms. Routes are patterns, never addresses, so the number of series is bounded. */
export function createMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'tintype_' });
  const requests = new Histogram({
    name: 'tintype_http_request_seconds',
    help: 'How long requests took',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60],
    registers: [registry],
  });
  const queries = new Counter({
    name: 'tintype_database_queries_total',
    help: 'Queries that requests made',
    registers: [registry],
  });

  return {
    registry,
    observe(request: { method: string; route: string; status: number; ms: number; queries: number }): void {
      const { method, route, status } = request;
      requests.observe({ method, route, status: String(status) }, request.ms / 1000);
      if (request.queries > 0) queries.inc(request.queries);
    },
    /** A figure that is read when metrics are. */
    gauge(name: string, help: string, read: () => number): void {
      new Gauge({
        name,
        help,
        registers: [registry],
        collect() {
          this.set(read());
        },
      });
    },
  };
}

export type Metrics = ReturnType<typeof createMetrics>;
