/*
 * recent.h
 *		What a call site made of a stored argument, kept from row to row.
 */
#ifndef NEUROENC_RECENT_H
#define NEUROENC_RECENT_H

#include "postgres.h"
#include "fmgr.h"

/*
 * make(argument n), in memory that lives until another value comes.  Where the
 * argument is stored out of line (a column, a sub-select) PostgreSQL would
 * fetch it again for each row of a query; here the same toast pointer is made
 * once.  Takes the function's fn_extra, so for one argument of a function.
 */
extern void *recent_value(FunctionCallInfo fcinfo, int n, void *(*make) (Datum d));

#endif							/* NEUROENC_RECENT_H */
