/*
 * hrf.c
 *		The canonical haemodynamic response function: the difference of two gamma
 *		densities, a response that peaks at 5 s and an undershoot (Friston et al.
 *		1998, with the parameters of SPM: delays 6 and 16 s, dispersions 1 and 1,
 *		ratio 6, onset 0).
 *
 * SPM computes it in steps of a sixteenth of a scan and keeps each sixteenth, which are
 * the values at whole scans: the step cancels, and they are computed here at once.
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "encoding/hrf.h"

#define RESPONSE_DELAY		6.0
#define UNDERSHOOT_DELAY	16.0
#define RATIO				6.0
#define CHECK_EVERY			65536

/* Density of the gamma distribution with scale 1; in logarithms, so that no power overflows. */
static double
gamma_density(double shape, double t)
{
	return t > 0 ? exp((shape - 1) * log(t) - t - lgamma(shape)) : 0;
}

bool
hrf_canonical(Size n, double tr, double *response)
{
	double		sum = 0;

	for (Size i = 0; i < n; i++)
	{
		double		t = (double) i * tr;

		if (i % CHECK_EVERY == 0)
			CHECK_FOR_INTERRUPTS();
		response[i] = gamma_density(RESPONSE_DELAY, t) - gamma_density(UNDERSHOOT_DELAY, t) / RATIO;
		sum += response[i];
	}
	if (!(sum > 0))
		return false;
	for (Size i = 0; i < n; i++)
		response[i] /= sum;
	return true;
}
