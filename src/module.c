/*
 * module.c
 *		The door of the shared library: settings, then OpenBLAS.
 */
#include "postgres.h"
#include "fmgr.h"
#include "utils/guc.h"

#include "base/memory.h"
#include "base/progress.h"
#include "linalg/linalg.h"

PG_MODULE_MAGIC;

void		_PG_init(void);	/* NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): PostgreSQL's name */

void
_PG_init(void)
{
	memory_return_to_system();
	memory_define_gucs();
	progress_define_gucs();
	linalg_init();				/* defines neuroenc.threads */
#if PG_VERSION_NUM >= 150000
	MarkGUCPrefixReserved("neuroenc");
#else
	EmitWarningsOnPlaceholders("neuroenc");
#endif
}
