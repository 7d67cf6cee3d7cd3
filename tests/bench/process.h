#pragma once

#include <glib.h>

/*
 * What one process has used, read from /proc (proc(5)); threads are counted together.  Both
 * return FALSE and set error when the process is gone or the kernel does not tell.
 */

/* CPU time of all living threads in nanoseconds (schedstat: exact, not counted in ticks). */
gboolean bench_process_read_cpu(gint64 pid, guint64 *ns, GError **error);

/* Private memory that is resident, in kB (RssAnon: without the pages of mapped files). */
gboolean bench_process_read_memory(gint64 pid, guint64 *kb, GError **error);
