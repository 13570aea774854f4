/*
 * lapack_helper.c
 *		Runs a LAPACK call that can't be cut into panels (dstedc, dbdsdc) on a
 *		helper thread, while the backend waits on its latch.
 *
 * On cancel the helper can't be stopped; it is left to finish.  All that it
 * touches is one malloc'ed block with a reference count, held by the backend
 * (until the context of the call is reset) and by the helper: the last one
 * frees it.  There is one helper at a time: a later call first waits, open to
 * interrupts, until an orphan has ended, so orphans can't pile up.
 *
 * The subtlety is a backend that exits while an orphan runs.  exit() runs
 * destructors of the libraries that the helper is executing in, which crashes,
 * and the postmaster then restarts the whole server.  An on_exit handler runs
 * before any destructor and after all of PostgreSQL's own exit work; it leaves
 * at once by _exit() if a helper is still there.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE				/* pthread_tryjoin_np, on_exit */
#endif
#include "postgres.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "miscadmin.h"
#include "pgstat.h"
#include "port/atomics.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "utils/memutils.h"
#if PG_VERSION_NUM >= 140000
#include "utils/wait_event.h"
#endif

#include "base/memory.h"
#include "base/progress.h"
#include "linalg/blas.h"
#include "linalg/lapack_helper.h"

#define ORPHAN_POLL_MS 20
#define PROGRESS_MS 500
#define ALIGNMENT 64

/* What the helper shares with the backend; the job's memory follows it, aligned. */
typedef struct Shared
{
	pg_atomic_uint32 references;
	int			done_fd;		/* an eventfd, written when the work is done */
	LapackWork	work;
	void	   *memory;
} Shared;

struct LapackJob
{
	Shared	   *shared;			/* NULL once ended */
	MemoryClaim *claim;
	Size		bytes;
	MemoryContextCallback callback;
};

static pthread_t helper;
static bool helper_exists = false;	/* started and not joined yet */

static void
drop_reference(Shared *shared)
{
	if (pg_atomic_sub_fetch_u32(&shared->references, 1) == 0)
	{
		close(shared->done_fd);
		free(shared);
	}
}

static void *
helper_main(void *arg)
{
	Shared	   *shared = arg;
	uint64		one = 1;
	ssize_t		written;

	shared->work(shared->memory);
	written = write(shared->done_fd, &one, sizeof(one));
	(void) written;				/* an eventfd's first write can't fail */
	drop_reference(shared);
	return NULL;
}

static bool
helper_ended(void)
{
	if (helper_exists && pthread_tryjoin_np(helper, NULL) == 0)
		helper_exists = false;
	return !helper_exists;
}

static void
exit_beside_helper(int status, void *arg)
{
	if (proc_exit_inprogress && !helper_ended())
		_exit(status);
}

static void
release_job(void *arg)
{
	LapackJob  *job = arg;

	if (job->shared != NULL)
		drop_reference(job->shared);
	job->shared = NULL;
}

LapackJob *
lapack_job_new(Size bytes)
{
	LapackJob  *job = palloc0(sizeof(LapackJob));
	Size		header = TYPEALIGN(ALIGNMENT, sizeof(Shared));
	Size		total = size_add(size_add(header, bytes), ALIGNMENT);
	Shared	   *shared;

	job->claim = memory_claim(CurrentMemoryContext, "LAPACK work space");
	job->bytes = total;
	memory_claim_add(job->claim, total, NULL);
	job->callback.func = release_job;
	job->callback.arg = job;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &job->callback);

	shared = malloc(total);
	if (shared == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory"),
				 errdetail("Failed on request of size %zu for LAPACK work space.", total)));
	shared->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (shared->done_fd < 0)
	{
		free(shared);
		ereport(ERROR,
				(errcode_for_socket_access(),
				 errmsg("could not create an eventfd: %m")));
	}
	pg_atomic_init_u32(&shared->references, 1);
	shared->memory = (void *) TYPEALIGN(ALIGNMENT, (char *) shared + sizeof(Shared));
	job->shared = shared;
	return job;
}

void *
lapack_job_memory(LapackJob *job)
{
	return job->shared->memory;
}

void
lapack_job_end(LapackJob *job)
{
	release_job(job);
	memory_claim_sub(job->claim, job->bytes);
}

static void
wait_for_orphan(void)
{
	while (!helper_ended())
	{
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 ORPHAN_POLL_MS, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
}

static void
wait_for_done(int done_fd)
{
	for (;;)
	{
		int			events = WaitLatchOrSocket(MyLatch,
											   WL_LATCH_SET | WL_SOCKET_READABLE | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
											   done_fd, PROGRESS_MS, PG_WAIT_EXTENSION);

		progress_add(0);
		if (events & WL_LATCH_SET)
		{
			ResetLatch(MyLatch);
			CHECK_FOR_INTERRUPTS();
		}
		if (events & WL_SOCKET_READABLE)
			return;
	}
}

void
lapack_job_run(LapackJob *job, LapackWork work)
{
	static bool registered = false;
	Shared	   *shared = job->shared;

	blas_keep_single();
	wait_for_orphan();
	if (!registered && on_exit(exit_beside_helper, NULL) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("could not register an exit handler")));
	registered = true;

	shared->work = work;
	pg_atomic_add_fetch_u32(&shared->references, 1);
	if (thread_create_masked(&helper, helper_main, shared) != 0)
	{
		pg_atomic_sub_fetch_u32(&shared->references, 1);
		work(shared->memory);	/* no thread to be had: the same answer, not interruptible */
		return;
	}
	helper_exists = true;
	wait_for_done(shared->done_fd);
	pthread_join(helper, NULL);
	helper_exists = false;
}
