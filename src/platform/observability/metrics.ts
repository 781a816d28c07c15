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

  // Thumbnails are too many for a histogram's bookkeeping each: they are counted plainly, and turned into a metric when asked.
  const imageAnswers = new Map<number, number>();
  new Counter({
    name: 'tintype_image_requests_total',
    help: 'Requests for the bytes of pictures',
    labelNames: ['status'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [status, count] of imageAnswers) this.inc({ status: String(status) }, count);
    },
  });

  return {
    registry,
    observeImage(status: number): void {
      imageAnswers.set(status, (imageAnswers.get(status) ?? 0) + 1);
    },
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
