/*
 * parallel.c
 *		parallel_for(): tasks shared by the backend and a few threads.
 *
 * Threads are created for a call and joined before it returns: 20 to 50 us
 * each, against tasks of milliseconds, and nothing is left behind that could
 * see a fork, a signal or the backend's exit.  Tasks are handed out in order by
 * one atomic counter.
 *
 * The subtlety is interrupts.  Raising one longjmps (ERROR) or exits (FATAL),
 * and neither may happen while another thread is inside the caller's buffers.
 * So while threads live, interrupts are held; when one is pending the backend
 * stops the hand-out, joins, and only then lets it be raised.  If it was not
 * one that raises anything, the remaining tasks go on with new threads.
 */
#include "postgres.h"

#include <pthread.h>

#include "access/parallel.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "port/atomics.h"
#include "storage/ipc.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/wait_event.h"

#include "base/progress.h"
#include "linalg/blas.h"
#include "linalg/linalg.h"
#include "linalg/parallel.h"

typedef struct Job
{
	ParallelTask task;
	void	   *arg;
	int64		n_tasks;
	pg_atomic_uint64 next;		/* next task to hand out */
	pg_atomic_uint64 finished;	/* tasks done, for progress */
	pg_atomic_uint32 stop;		/* hand out no more */
} Job;

typedef struct Worker
{
	Job		   *job;
	int			number;
	pthread_t	thread;
} Worker;

int			neuroenc_threads = 1;

int
parallel_threads(void)
{
	return IsParallelWorker() ? 1 : neuroenc_threads;
}

/* pg_stat_activity shows that the backend waits. */
static void
join_workers(Worker *workers, int started)
{
	if (started > 1)
		pgstat_report_wait_start(PG_WAIT_EXTENSION);
	for (int i = 1; i < started; i++)
		pthread_join(workers[i].thread, NULL);
	if (started > 1)
		pgstat_report_wait_end();
}

static bool
run_next(Job *job, int worker)
{
	int64		i;

	if (pg_atomic_read_u32(&job->stop) != 0)
		return false;
	i = (int64) pg_atomic_fetch_add_u64(&job->next, 1);
	if (i >= job->n_tasks)
		return false;
	job->task(i, worker, job->arg);
	pg_atomic_fetch_add_u64(&job->finished, 1);
	return true;
}

static void *
worker_main(void *arg)
{
	Worker	   *worker = arg;

	while (run_next(worker->job, worker->number))
		;
	return NULL;
}

static bool
interrupt_waits(void)
{
	return (INTERRUPTS_PENDING_CONDITION() || (IsUnderPostmaster && !PostmasterIsAlive())) &&
		InterruptHoldoffCount == 0 && CritSectionCount == 0;
}

/* Starts workers 1 .. n_threads - 1, or as many as the system lets; returns the first not started. */
static int
start_workers(Job *job, Worker *workers, int n_threads)
{
	int			started = 1;

	for (; started < n_threads; started++)
	{
		workers[started].job = job;
		workers[started].number = started;
		if (thread_create_masked(&workers[started].thread, worker_main, &workers[started]) != 0)
			break;
	}
	return started;
}

/* Runs tasks, at least one, until none is left or an interrupt waits. */
static void
run_round(Job *job, int n_threads, double work_per_task, int64 *reported)
{
	Worker		workers[MAX_THREADS];
	volatile int started = start_workers(job, workers, n_threads);	/* read after a longjmp */

	PG_TRY();
	{
		while (run_next(job, 0) && !interrupt_waits())
		{
			int64		finished = (int64) pg_atomic_read_u64(&job->finished);

			HOLD_INTERRUPTS();
			progress_add((double) (finished - *reported) * work_per_task);
			RESUME_INTERRUPTS();
			*reported = finished;
		}
	}
	PG_FINALLY();				/* a report can run out of memory */
	{
		pg_atomic_write_u32(&job->stop, 1);
		join_workers(workers, started);
		pg_atomic_write_u32(&job->stop, 0);
	}
	PG_END_TRY();
}

static void
job_init(Job *job, int64 n_tasks, ParallelTask task, void *arg)
{
	job->task = task;
	job->arg = arg;
	job->n_tasks = n_tasks;
	pg_atomic_init_u64(&job->next, 0);
	pg_atomic_init_u64(&job->finished, 0);
	pg_atomic_init_u32(&job->stop, 0);
}

/* Rounds until every task has been handed out and done. */
static void
run_rounds(Job *job, int n_threads, double work_per_task, int64 *reported)
{
	for (;;)
	{
		int64		handed_out;

		CHECK_FOR_INTERRUPTS();
		require_postmaster();
		handed_out = (int64) pg_atomic_read_u64(&job->next);
		if (handed_out >= job->n_tasks)
			break;
		run_round(job, (int) Min(job->n_tasks - handed_out, n_threads), work_per_task, reported);
	}
}

/* ---- in two halves ---- */

struct ParallelRun
{
	Job			job;
	Worker		workers[MAX_THREADS];
	int			n_threads;		/* parallel_threads() at the start: so much scratch there is */
	int			started;		/* workers 1 .. started - 1 are to be joined */
	MemoryContextCallback callback;
};

/*
 * The run whose threads live.  There is one in a backend, so that grouped
 * states don't multiply neuroenc.threads: who wants threads first helps it out.
 */
static ParallelRun *in_flight = NULL;

static void
join_run(ParallelRun *run)
{
	join_workers(run->workers, run->started);
	run->started = 1;
	if (in_flight == run)
		in_flight = NULL;
}

static void
stop_run(void *arg)
{
	ParallelRun *run = arg;

	pg_atomic_write_u32(&run->job.stop, 1);
	join_run(run);
}

/* exit() runs libraries' destructors, and not every context need have been reset by then. */
static void
stop_at_exit(int code, Datum arg)
{
	if (in_flight != NULL)
		stop_run(in_flight);
}

ParallelRun *
parallel_run_new(MemoryContext cxt)
{
	ParallelRun *run = MemoryContextAllocZero(cxt, sizeof(ParallelRun));

	run->started = 1;
	run->callback.func = stop_run;
	run->callback.arg = run;
	MemoryContextRegisterResetCallback(cxt, &run->callback);
	return run;
}

void
parallel_start(ParallelRun *run, int64 n_tasks, ParallelTask task, void *arg)
{
	static bool registered = false;

	if (!registered)
		on_proc_exit(stop_at_exit, 0);
	registered = true;
	if (in_flight != NULL)
		parallel_finish(in_flight);
	blas_keep_single();
	job_init(&run->job, n_tasks, task, arg);
	run->n_threads = parallel_threads();
	in_flight = run;
	run->started = start_workers(&run->job, run->workers, (int) Min(n_tasks + 1, run->n_threads));
}

/* An interrupt raised here leaves a run that can be finished by a later call, as does a finished one. */
void
parallel_finish(ParallelRun *run)
{
	int64		reported = 0;

	while (run_next(&run->job, 0) && !interrupt_waits())
		;
	if (interrupt_waits())
		pg_atomic_write_u32(&run->job.stop, 1);
	join_run(run);
	pg_atomic_write_u32(&run->job.stop, 0);
	run_rounds(&run->job, run->n_threads, 0, &reported);
}

/* ---- in one ---- */

void
parallel_for(int64 n_tasks, double work_per_task, ParallelTask task, void *arg)
{
	Job			job;
	int64		reported = 0;

	if (n_tasks <= 0)
		return;
	if (in_flight != NULL)
		parallel_finish(in_flight);
	blas_keep_single();
	job_init(&job, n_tasks, task, arg);
	run_rounds(&job, parallel_threads(), work_per_task, &reported);
	progress_add((double) (n_tasks - reported) * work_per_task);
}

char *
parallel_scratch(Size bytes)
{
	static char *buffer = NULL;
	static Size buffer_bytes = 0;
	Size		needed = TYPEALIGN(64, bytes) * parallel_threads() + 64;

	if (needed > buffer_bytes)
	{
		if (buffer != NULL)
			pfree(buffer);
		buffer = NULL;
		buffer_bytes = 0;
		buffer = MemoryContextAllocHuge(TopMemoryContext, needed);
		buffer_bytes = needed;
	}
	return (char *) TYPEALIGN(64, buffer);
}

void
parallel_define_gucs(void)
{
	DefineCustomIntVariable("neuroenc.threads",
							"Threads that a neuroenc function may use.",
							"Parallel workers always use one. Default 1, at most 64.",
							&neuroenc_threads,
							1, 1, MAX_THREADS,
							PGC_USERSET, 0,
							NULL, NULL, NULL);
}
