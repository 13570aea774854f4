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

/*
 * make(fcinfo), likewise, of several arguments of variable length, none of them
 * NULL: made anew when the stored bytes of one have changed.  Those of an argument
 * that is stored out of line are its toast pointer; others are compared whole.  It
 * takes the function's fn_extra too.
 */
extern void *recent_arguments(FunctionCallInfo fcinfo, int n, const int *arguments,
							  void *(*make) (FunctionCallInfo fcinfo));

#endif							/* NEUROENC_RECENT_H */
