/*
 * stats_matching.c
 *		SQL functions that match the rows and columns of a matrix: best_match,
 *		assignment and transport_plan.
 *
 * All rows are computed at the first call and handed out one a call.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"

#include "base/client_detail.h"
#include "base/memory.h"
#include "base/record.h"
#include "stats/assignment.h"
#include "stats/transport.h"
#include "tensor/tensor.h"

PG_FUNCTION_INFO_V1(stats_best_match);
PG_FUNCTION_INFO_V1(stats_assignment);
PG_FUNCTION_INFO_V1(stats_transport_plan);

/* ---- rows of results ---- */

/* A row of the matrix, a column of it (both from 0; column -1 is NULL) and up to two numbers. */
typedef struct Match
{
	int			row;
	int			column;
	double		value[2];
} Match;

typedef struct Matches
{
	Size		n;
	int			n_values;
	Match	   *match;
} Matches;

/* Room for so many in cxt. */
static Matches *
matches_new(MemoryContext cxt, Size most, int n_values)
{
	Matches    *matches = MemoryContextAllocZero(cxt, sizeof(Matches));
	Size		bytes = size_mul(most, sizeof(Match));

	memory_claim_add(memory_claim(cxt, "matches"), bytes, NULL);
	matches->n_values = n_values;
	matches->match = MemoryContextAllocHuge(cxt, Max(1, bytes));
	return matches;
}

static int
compare_matches(const void *a, const void *b)
{
	const Match *x = a;
	const Match *y = b;

	if (x->row != y->row)
		return x->row < y->row ? -1 : 1;
	return x->column < y->column ? -1 : x->column > y->column;
}

/* Called in a context for its scratch, with another for the matches; NULL: no rows */
typedef Matches *(*MatchFunction) (FunctionCallInfo fcinfo, MemoryContext cxt);

static Datum
next_match(FunctionCallInfo fcinfo, MatchFunction find)
{
	FuncCallContext *call;
	Matches    *matches;
	const Match *match;
	Datum		values[4];
	bool		nulls[4] = {false};

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext scratch;
		MemoryContext old;
		TupleDesc	desc;

		call = SRF_FIRSTCALL_INIT();
		scratch = AllocSetContextCreate(call->multi_call_memory_ctx, "matching", ALLOCSET_SMALL_SIZES);
		old = MemoryContextSwitchTo(scratch);
		matches = find(fcinfo, call->multi_call_memory_ctx);
		MemoryContextSwitchTo(call->multi_call_memory_ctx);
		MemoryContextDelete(scratch);
		if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE || desc->natts > (int) lengthof(values))
			elog(ERROR, "a matching must return at most %d columns", (int) lengthof(values));
		call->tuple_desc = BlessTupleDesc(desc);
		call->user_fctx = matches;
		call->max_calls = matches ? matches->n : 0;
		MemoryContextSwitchTo(old);
	}
	call = SRF_PERCALL_SETUP();
	if (call->call_cntr >= call->max_calls)
		SRF_RETURN_DONE(call);

	CHECK_FOR_INTERRUPTS();
	matches = call->user_fctx;
	match = &matches->match[call->call_cntr];
	values[0] = Int32GetDatum(match->row + 1);
	values[1] = Int32GetDatum(match->column + 1);
	nulls[1] = match->column < 0;
	for (int k = 0; k < matches->n_values; k++)
		record_put_number(values, nulls, 2 + k, match->value[k]);
	SRF_RETURN_NEXT(call, HeapTupleGetDatum(heap_form_tuple(call->tuple_desc, values, nulls)));
}

/* ---- matrices ---- */

_Noreturn static void
report_cost(const Tensor *t, Size i, const char *detail)
{
	double		value = tensor_get(t, i);

	ereport(ERROR,
			(errcode(ERRCODE_DATA_EXCEPTION),
			 errmsg("element (%zu, %zu) of cost is %s", i / t->dims[1] + 1, i % t->dims[1] + 1,
					isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity"),
			 errdetail("%s", detail)));
}

/*
 * A matrix as float8, times sign, claimed for the life of CurrentMemoryContext.
 * ERROR, with the detail, for NaN and -infinity, and for infinity unless allowed.
 */
static double *
costs(const Tensor *t, double sign, bool infinity_allowed, const char *what, const char *detail)
{
	Size		columns = t->dims[1];
	double	   *cost;

	memory_claim_add(memory_claim(CurrentMemoryContext, what), size_mul(tensor_size(t), sizeof(double)), NULL);
	cost = huge_matrix(Max(1, t->dims[0]), Max(1, columns));
	for (Size i = 0; i < (Size) t->dims[0]; i++)
	{
		double	   *row = cost + i * columns;

		CHECK_FOR_INTERRUPTS();
		tensor_read_f8(t, i * columns, columns, row);
		for (Size j = 0; j < columns; j++)
		{
			row[j] *= sign;
			if (!isfinite(row[j]) && !(infinity_allowed && row[j] > 0))
				report_cost(t, i * columns + j, detail);
		}
	}
	return cost;
}

/* ---- best_match(matrix) ---- */

static Matches *
find_best_matches(FunctionCallInfo fcinfo, MemoryContext cxt)
{
	const Tensor *t = PG_GETARG_TENSOR(0);
	Matches    *matches;
	Size		columns;
	double	   *row;

	tensor_require_matrix(t, "m");
	columns = t->dims[1];
	matches = matches_new(cxt, t->dims[0], 1);
	row = huge_matrix(1, Max(1, columns));
	for (int i = 0; i < t->dims[0]; i++)
	{
		Match	   *match = &matches->match[matches->n++];

		CHECK_FOR_INTERRUPTS();
		*match = (Match) {i, -1, {NAN, NAN}};
		tensor_read_f8(t, i * columns, columns, row);
		for (Size j = 0; j < columns; j++)
			if (row[j] > match->value[0] || (isnan(match->value[0]) && !isnan(row[j])))
			{
				match->column = (int) j;
				match->value[0] = row[j];
			}
	}
	return matches;
}

Datum
stats_best_match(PG_FUNCTION_ARGS)
{
	return next_match(fcinfo, find_best_matches);
}

/* ---- assignment(cost, maximize) ---- */

static Matches *
find_assignment(FunctionCallInfo fcinfo, MemoryContext cxt)
{
	const Tensor *t = PG_GETARG_TENSOR(0);
	double		sign = PG_GETARG_BOOL(1) ? -1 : 1;
	Matches    *matches;
	double	   *cost;
	int		   *column;

	tensor_require_matrix(t, "cost");
	matches = matches_new(cxt, Min(t->dims[0], t->dims[1]), 1);
	cost = costs(t, sign, true, "assignment costs",
				 "Costs must be finite, or infinite where a pair is forbidden: Infinity, and -Infinity to maximize.");
	column = huge_alloc(Max(1, t->dims[0] * sizeof(int)));
	if (!assignment_solve(t->dims[0], t->dims[1], cost, column))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("no assignment of the %d x %d costs avoids the forbidden pairs", t->dims[0], t->dims[1])));
	for (int i = 0; i < t->dims[0]; i++)
		if (column[i] >= 0)
			matches->match[matches->n++] = (Match) {i, column[i], {sign * cost[(Size) i * t->dims[1] + column[i]]}};
	return matches;
}

Datum
stats_assignment(PG_FUNCTION_ARGS)
{
	return next_match(fcinfo, find_assignment);
}

/* ---- transport_plan(cost, supply, demand) ---- */

#define MASS_TOLERANCE 1e-6

/* One side of a transport problem: the rows or columns that have mass. */
typedef struct Side
{
	int			n;
	int		   *index;
	double	   *mass;
	double		sum;
} Side;

/* An argument's masses, or ones: n of them, none negative. */
static Side
side_of(FunctionCallInfo fcinfo, int argument, int n, const char *what)
{
	const Tensor *t = PG_ARGISNULL(argument) ? NULL : PG_GETARG_TENSOR(argument);
	Side		side = {.index = huge_alloc(Max(1, n) * sizeof(int)), .mass = huge_matrix(1, Max(1, n))};

	if (t && (t->ndim > 1 || tensor_size(t) != (Size) n))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("%s has shape %s, but a vector of %d is needed", what, tensor_shape_text(t), n)));
	for (int i = 0; i < n; i++)
	{
		double		mass = t ? tensor_get(t, i) : 1;

		if (!(mass >= 0) || isinf(mass))
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("element %d of %s must be a mass, finite and not negative", i + 1, what),
					 errdetail_client("It is %g.", mass)));
		if (mass == 0)
			continue;
		side.index[side.n] = i;
		side.mass[side.n++] = mass;
		side.sum += mass;
	}
	return side;
}

static void
scale_side(Side *side, double factor)
{
	for (int i = 0; i < side->n; i++)
		side->mass[i] *= factor;
	side->sum *= factor;
}

/*
 * Equal sums on both sides: those that were left out are uniform, two of them of
 * total 1, as whole numbers that the caller divides by what is returned.
 */
static double
balance(Side *supply, Side *demand, bool supply_given, bool demand_given)
{
	if (!supply_given && !demand_given)
	{
		double		m = supply->n;
		double		n = demand->n;

		scale_side(supply, n);
		scale_side(demand, m);
		return m * n;
	}
	if (supply_given && demand_given && fabs(supply->sum - demand->sum) > MASS_TOLERANCE * Max(supply->sum, demand->sum))
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("the sums of supply and demand differ"),
				 errdetail_client("They are %g and %g.", supply->sum, demand->sum)));
	if (demand_given)
		scale_side(supply, demand->sum / supply->sum);
	else
		scale_side(demand, supply->sum / demand->sum);
	return 1;
}

static Matches *
find_transport_plan(FunctionCallInfo fcinfo, MemoryContext cxt)
{
	const Tensor *t;
	Matches    *matches;
	double	   *cost;
	double	   *used;
	Side		supply;
	Side		demand;
	double		unit;
	Transport  *solver;
	int		   *source;
	int		   *sink;
	double	   *flow;
	Size		most;

	if (PG_ARGISNULL(0))
		return NULL;
	t = PG_GETARG_TENSOR(0);
	tensor_require_matrix(t, "cost");
	if (tensor_size(t) == 0)
		return NULL;
	most = (Size) t->dims[0] + t->dims[1];
	matches = matches_new(cxt, most, 2);
	cost = costs(t, 1, false, "transport costs", "Costs must be finite.");
	supply = side_of(fcinfo, 1, t->dims[0], "supply");
	demand = side_of(fcinfo, 2, t->dims[1], "demand");
	if (supply.n == 0 || demand.n == 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("%s has no mass", supply.n == 0 ? "supply" : "demand")));
	unit = balance(&supply, &demand, !PG_ARGISNULL(1), !PG_ARGISNULL(2));

	used = cost;				/* the rows and columns with mass, moved together in place */
	for (int i = 0; i < supply.n; i++)
		for (int j = 0; j < demand.n; j++)
			used[(Size) i * demand.n + j] = cost[(Size) supply.index[i] * t->dims[1] + demand.index[j]];
	memory_claim_add(memory_claim(CurrentMemoryContext, "transport"), size_add(transport_bytes(supply.n, demand.n), 32 * most), NULL);
	solver = transport_place(huge_alloc(transport_bytes(supply.n, demand.n)), supply.n, demand.n);
	transport_solve(solver, supply.n, demand.n, supply.mass, demand.mass, used, true);
	source = huge_alloc(most * sizeof(int));
	sink = huge_alloc(most * sizeof(int));
	flow = huge_alloc(most * sizeof(double));
	matches->n = transport_flows(solver, source, sink, flow);
	for (Size k = 0; k < matches->n; k++)
		matches->match[k] = (Match) {supply.index[source[k]], demand.index[sink[k]],
		{flow[k] / unit, used[(Size) source[k] * demand.n + sink[k]]}};
	qsort(matches->match, matches->n, sizeof(Match), compare_matches);
	return matches;
}

Datum
stats_transport_plan(PG_FUNCTION_ARGS)
{
	return next_match(fcinfo, find_transport_plan);
}
