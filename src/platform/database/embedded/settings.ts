/**
 * Server settings for one machine that also runs the image pipeline: PostgreSQL stays small, and its planner is told
 * what it has. They go on the command line, so that an upgrade of Tintype changes them for old libraries too.
 */
export const serverSettings: Readonly<Record<string, string>> = {
  // Reached by the socket alone; whoever may open the socket's folder (0700) is trusted.
  listen_addresses: '',
  unix_socket_permissions: '0700',
  // Servers × their pools, the job queue, a psql.
  max_connections: '60',
  superuser_reserved_connections: '3',
  // Taken as it is used: an empty library has none of it, and what a large one searches through stays in memory.
  shared_buffers: '256MB',
  work_mem: '8MB',
  maintenance_work_mem: '64MB',
  effective_cache_size: '512MB',
  // Photographs and their database lie on SSDs; the default 4 prefers scans of whole tables.
  random_page_cost: '1.1',
  // Compiling a query takes longer than any query here.
  jit: 'off',
  huge_pages: 'off',
  // The default keeps three processes for asynchronous reads; one machine's index look-ups do not wait for them.
  io_method: 'sync',
  max_worker_processes: '6',
  max_parallel_workers: '2',
  max_parallel_workers_per_gather: '1',
  autovacuum_max_workers: '2',
  // Nothing replicates from it; what a replica would need is not written.
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_wal_size: '512MB',
  min_wal_size: '64MB',
  checkpoint_timeout: '15min',
  timezone: 'UTC',
  log_timezone: 'UTC',
  // A statement, its parameters or the row of a conflict may hold a caption or an address: none gets into the log.
  log_error_verbosity: 'terse',
  log_statement: 'none',
  log_min_error_statement: 'panic',
  log_parameter_max_length_on_error: '0',
  log_line_prefix: '%m [%p] ',
};
