/*
 * blas.c
 *		Loads OpenBLAS without letting it break the backend's signals.
 *
 * OpenBLAS's pthread build starts its threads in a library constructor, with
 * the signal mask of whoever loads it.  A backend's signal handlers (SIGUSR1,
 * SIGTERM, SIGALRM) must run on its first thread; on another they set the wrong
 * thread's latch wait and race with it.  So the library is no dependency of
 * ours (that would load it before _PG_init): it is opened with dlopen, with all
 * signals blocked and OPENBLAS_NUM_THREADS=1, which starts no thread at all.
 * Threads are ours (parallel.c), masked, and gone when a call returns.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE				/* dladdr, RTLD_NOLOAD */
#endif
#include "postgres.h"

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "base/memory.h"
#include "linalg/blas.h"
#include "linalg/linalg.h"
#include "linalg/parallel.h"

#define OPENBLAS_FILE "libopenblas.so.0"
#define THREADS_VARIABLE "OPENBLAS_NUM_THREADS"
/*
 * OpenBLAS refers to itself by 15,000 symbols, which the loader would look for
 * in every library of the server before OpenBLAS's own: most of what loading
 * costs, in each backend and each parallel worker.  AddressSanitizer refuses it.
 */
#if defined(RTLD_DEEPBIND) && !defined(__SANITIZE_ADDRESS__)
#define OWN_SYMBOLS_FIRST RTLD_DEEPBIND
#else
#define OWN_SYMBOLS_FIRST 0
#endif
#define THREAD_STACK_BYTES ((size_t) 8 * 1024 * 1024)

BlasTable	blas;

static char library_path[MAXPGPATH];

static const struct
{
	const char *name;
	void	  **slot;
}			symbols[] = {
	{"cblas_sgemm", (void **) &blas.sgemm},
	{"cblas_dgemm", (void **) &blas.dgemm},
	{"cblas_dsyrk", (void **) &blas.dsyrk},
	{"cblas_dsyr2k", (void **) &blas.dsyr2k},
	{"cblas_strmm", (void **) &blas.strmm},
	{"cblas_dtrmm", (void **) &blas.dtrmm},
	{"cblas_dtrsm", (void **) &blas.dtrsm},
	{"cblas_dgemv", (void **) &blas.dgemv},
	{"cblas_dsymv", (void **) &blas.dsymv},
	{"cblas_daxpy", (void **) &blas.daxpy},
	{"cblas_dscal", (void **) &blas.dscal},
	{"cblas_ddot", (void **) &blas.ddot},
	{"cblas_dnrm2", (void **) &blas.dnrm2},
	{"dpotrf_", (void **) &blas.dpotrf},
	{"dgetrf_", (void **) &blas.dgetrf},
	{"dsyevd_", (void **) &blas.dsyevd},
	{"dstedc_", (void **) &blas.dstedc},
	{"dsterf_", (void **) &blas.dsterf},
	{"dbdsdc_", (void **) &blas.dbdsdc},
	{"dlarfg_", (void **) &blas.dlarfg},
	{"dlarft_", (void **) &blas.dlarft},
	{"dgesdd_", (void **) &blas.dgesdd},
	
	{"openblas_get_config", (void **) &blas.get_config},
	{"openblas_get_corename", (void **) &blas.get_corename},
	{"openblas_get_num_threads", (void **) &blas.get_num_threads},
	{"openblas_set_num_threads", (void **) &blas.set_num_threads},
	{"blas_thread_shutdown_", (void **) &blas.thread_shutdown},
};

static void
block_signals(sigset_t *before)
{
	sigset_t	all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, before);
}

/* With all signals blocked. NULL and the loader's reason in *problem, or the handle. */
static void *
open_library(const char **problem)
{
	void	   *handle = dlopen(OPENBLAS_FILE, RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
	char	   *before;

	if (handle != NULL)
		return handle;			/* somebody else's; blas_keep_single tames it */

	before = getenv(THREADS_VARIABLE);
	if (before != NULL)
		before = strdup(before);
	setenv(THREADS_VARIABLE, "1", 1);
	handle = dlopen(OPENBLAS_FILE, RTLD_NOW | RTLD_LOCAL | OWN_SYMBOLS_FIRST);
	*problem = handle == NULL ? dlerror() : NULL;
	if (before != NULL)
		setenv(THREADS_VARIABLE, before, 1);
	else
		unsetenv(THREADS_VARIABLE);
	free(before);
	return handle;
}

static void
load_library(void)
{
	const char *problem = NULL;
	sigset_t	before;
	void	   *handle;
	Dl_info		where;

	block_signals(&before);
	handle = open_library(&problem);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (handle == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FILE),
				 errmsg("could not load OpenBLAS: %s", problem ? problem : OPENBLAS_FILE),
				 errhint("Install the package libopenblas0-pthread.")));

	for (int i = 0; i < (int) lengthof(symbols); i++)
	{
		*symbols[i].slot = dlsym(handle, symbols[i].name);
		if (*symbols[i].slot == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_FUNCTION),
					 errmsg("%s has no function \"%s\"", OPENBLAS_FILE, symbols[i].name),
					 errhint("Install the package libopenblas0-pthread.")));
	}
	if (dladdr((void *) blas.dgemm, &where) != 0 && where.dli_fname != NULL)
		strlcpy(library_path, where.dli_fname, sizeof(library_path));
	else
		strlcpy(library_path, OPENBLAS_FILE, sizeof(library_path));
	blas_keep_single();
}

const char *
blas_library_path(void)
{
	return library_path;
}

/*
 * set_num_threads restarts the pool that was shut down, at its old size but
 * masked now; it is then shut down for good, as nothing restarts it while the
 * count is one.
 */
void
blas_keep_single(void)
{
	sigset_t	before;

	if (blas.get_num_threads() == 1)
		return;
	block_signals(&before);
	blas.thread_shutdown();
	blas.set_num_threads(1);
	blas.thread_shutdown();
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

int
thread_create_masked(pthread_t *thread, void *(*start) (void *), void *arg)
{
	pthread_attr_t attributes;
	sigset_t	before;
	int			error;

	error = pthread_attr_init(&attributes);
	if (error != 0)
		return error;
	pthread_attr_setstacksize(&attributes, THREAD_STACK_BYTES);
	block_signals(&before);
	error = pthread_create(thread, &attributes, start, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return error;
}

void
linalg_init(void)
{
	parallel_define_gucs();
	load_library();
}
