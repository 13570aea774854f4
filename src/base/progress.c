/*
 * progress.c
 *		Interrupts and progress of long work.
 *
 * Stages nest: a fit that decomposes a matrix has its own stage around that of
 * the decomposition.  A report names the stages from the outermost inwards,
 * with the per cent of each, and the time left of the outermost one that has
 * done anything yet.  Stages left open by an error are dropped when the
 * (sub)transaction aborts, and all of them when it ends.
 */
#include "postgres.h"

#include <math.h>

#include "access/parallel.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "lib/stringinfo.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

#include "base/progress.h"

#define MAX_STAGES 8

typedef struct Stage
{
	const char *name;
	double		total;
	double		done;
	TimestampTz start;
	bool		reported;
} Stage;

int			neuroenc_progress = 0;

static Stage stages[MAX_STAGES];
static int	n_stages = 0;			/* open; may pass MAX_STAGES, the deepest are then silent */
static TimestampTz last_report;

static double
seconds_between(TimestampTz from, TimestampTz to)
{
	return (double) (to - from) / USECS_PER_SEC;
}

static double
percent_done(const Stage *stage)
{
	if (!(stage->total > 0))
		return 100.0;
	return Min(100.0, 100.0 * stage->done / stage->total);
}

void
require_postmaster(void)
{
	if (IsUnderPostmaster && !PostmasterIsAlive() && InterruptHoldoffCount == 0 && CritSectionCount == 0)
		ereport(FATAL,
				(errcode(ERRCODE_ADMIN_SHUTDOWN),
				 errmsg("terminating connection due to unexpected postmaster exit")));
}

void
progress_begin(const char *stage, double total)
{
	CHECK_FOR_INTERRUPTS();
	require_postmaster();
	if (n_stages < MAX_STAGES)
	{
		Stage	   *s = &stages[n_stages];

		s->name = stage;
		s->total = total;
		s->done = 0;
		s->reported = false;
		s->start = 0;
		if (neuroenc_progress > 0)
		{
			s->start = GetCurrentTimestamp();
			last_report = Max(last_report, GetCurrentStatementStartTimestamp());
		}
	}
	n_stages++;
}

static bool
is_due(TimestampTz now)
{
	return now - last_report >= (int64) neuroenc_progress * USECS_PER_SEC;
}

static void
report(TimestampTz now)
{
	StringInfoData text;
	double		left = -1;
	int			depth = Min(n_stages, MAX_STAGES);

	initStringInfo(&text);
	for (int i = 0; i < depth; i++)
	{
		Stage	   *s = &stages[i];

		appendStringInfo(&text, "%s%s: %.0f %%", i > 0 ? ", " : "", s->name, percent_done(s));
		if (left < 0 && s->done > 0 && s->start != 0)
			left = seconds_between(s->start, now) * Max(0.0, s->total - s->done) / s->done;
		s->reported = true;
	}
	if (left >= 0)
		appendStringInfo(&text, ", about %.0f s left", ceil(left));
	last_report = now;
	ereport(NOTICE, (errmsg_internal("%s", text.data)));
	pfree(text.data);
}

void
progress_add(double done)
{
	CHECK_FOR_INTERRUPTS();
	require_postmaster();
	if (n_stages == 0 || n_stages > MAX_STAGES)
		return;
	stages[n_stages - 1].done += done;
	if (neuroenc_progress > 0)
	{
		TimestampTz now = GetCurrentTimestamp();

		if (is_due(now))
			report(now);
	}
}

bool
progress_due(void)
{
	if (neuroenc_progress == 0 || n_stages > 0 || IsParallelWorker())
		return false;
	last_report = Max(last_report, GetCurrentStatementStartTimestamp());
	return is_due(GetCurrentTimestamp());
}

void
progress_tell_rows(const char *name, int64 rows)
{
	last_report = GetCurrentTimestamp();
	ereport(NOTICE, (errmsg_internal("%s: " INT64_FORMAT " rows", name, rows)));
}

void
progress_skip(void)
{
	if (n_stages > 0 && n_stages <= MAX_STAGES)
		stages[n_stages - 1].done = stages[n_stages - 1].total;
}

void
progress_end(void)
{
	if (n_stages == 0)
		return;
	if (n_stages <= MAX_STAGES)
	{
		Stage	   *s = &stages[n_stages - 1];

		/* tests look here for totals that were not true */
		ereport(DEBUG2,
				(errmsg_internal("%s: ends at %.1f %% of its work", s->name,
								 s->total > 0 ? 100.0 * s->done / s->total : 100.0)));
		if (s->reported && neuroenc_progress > 0)
			ereport(NOTICE,
					(errmsg_internal("%s: 100 %%, %.1f s", s->name,
									 seconds_between(s->start, GetCurrentTimestamp()))));
	}
	n_stages--;
}

static void
forget_stages(XactEvent event, void *arg)
{
	n_stages = 0;
}

static void
forget_stages_sub(SubXactEvent event, SubTransactionId mine, SubTransactionId parent, void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		n_stages = 0;
}

void
progress_define_gucs(void)
{
	DefineCustomIntVariable("neuroenc.progress",
							"Seconds between progress notices of long neuroenc work.",
							"0, the default, turns them off.",
							&neuroenc_progress,
							0, 0, 86400,
							PGC_USERSET, GUC_UNIT_S,
							NULL, NULL, NULL);
	RegisterXactCallback(forget_stages, NULL);
	RegisterSubXactCallback(forget_stages_sub, NULL);
}
