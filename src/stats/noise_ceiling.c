/*
 * noise_ceiling.c
 *		The noise ceiling from repeats, as the Natural Scenes Dataset defines it
 *		(Allen et al. 2022), column by column.
 *
 * noise^2 is the mean over stimuli with at least 2 repeats of the variance over
 * repeats (ddof 1); the total variance (ddof 1) over all trials is rebuilt from
 * the stimuli's means, variances and counts, so one row a stimulus is enough.
 * signal^2 = max(total - noise^2, 0), NCSNR = signal / noise, and the ceiling is
 * the share of variance that is signal: q / (q + 1) in a single trial, q = NCSNR^2,
 * and q / (q + mean(1 / n)) in means over n trials.
 *
 * Means and squares are updated about the running mean (weighted: West 1979), and
 * merged exactly (Chan, Golub and LeVeque 1983).  7 v doubles.
 */
#include "postgres.h"

#include <math.h>

#include "base/dispatch.h"
#include "stats/repeats.h"

/* The arrays of a state, v doubles each. */
typedef struct Sums
{
	double	   *stimuli;
	double	   *inverse;		/* sum of 1/n */
	double	   *repeated;		/* stimuli of 2 repeats and more */
	double	   *noise;			/* sum of their variances */
	double	   *trials;
	double	   *mean;
	double	   *squares;
} Sums;

static Sums
sums_of(const double *state, Size v)
{
	double	   *s = (double *) state + 1;

	return (Sums) {s, s + v, s + 2 * v, s + 3 * v, s + 4 * v, s + 5 * v, s + 6 * v};
}

HOT_LOOP static void
add_stimulus(Size v, const double *restrict mean, const double *restrict variance, double n,
			 double *restrict stimuli, double *restrict inverse, double *restrict repeated,
			 double *restrict noise, double *restrict trials, double *restrict centre,
			 double *restrict squares)
{
	double		is_repeated = n > 1 ? 1 : 0;

	for (Size t = 0; t < v; t++)
	{
		bool		valid = !isnan(mean[t]) & !isnan(variance[t]);
		double		w = valid ? n : 0;
		double		spread = valid ? variance[t] : 0;
		double		total = trials[t] + w;
		double		d = valid ? mean[t] - centre[t] : 0;

		stimuli[t] += valid ? 1 : 0;
		inverse[t] += valid ? 1 / n : 0;
		repeated[t] += valid ? is_repeated : 0;
		noise[t] += spread;
		squares[t] += (n - 1) * spread + (total > 0 ? d * d * w * (trials[t] / total) : 0);
		centre[t] += total > 0 ? d * (w / total) : 0;
		trials[t] = total;
	}
}

void
noise_add(double *state, Size v, const double *mean, const double *variance, double n)
{
	Sums		s = sums_of(state, v);
	double	   *none = NULL;

	if (variance == NULL)
		variance = none = huge_alloc0(Max(v, 1) * sizeof(double));
	add_stimulus(v, mean, variance, n, s.stimuli, s.inverse, s.repeated, s.noise, s.trials, s.mean, s.squares);
	state[0] += 1;
	if (none)
		pfree(none);
}

void
noise_merge(double *dst, const double *src, Size v)
{
	Sums		d = sums_of(dst, v);
	Sums		s = sums_of(src, v);

	dst[0] += src[0];
	for (Size t = 0; t < v; t++)
	{
		double		total = d.trials[t] + s.trials[t];
		double		apart = s.mean[t] - d.mean[t];

		if (s.trials[t] == 0)
			continue;
		d.stimuli[t] += s.stimuli[t];
		d.inverse[t] += s.inverse[t];
		d.repeated[t] += s.repeated[t];
		d.noise[t] += s.noise[t];
		d.squares[t] += s.squares[t] + apart * apart * d.trials[t] * (s.trials[t] / total);
		d.mean[t] += apart * (s.trials[t] / total);
		d.trials[t] = total;
	}
}

void
noise_ceiling(const double *state, Size v, double *n_stimuli, double *n_trials, double *ncsnr,
			  double *percent_single, double *percent_average)
{
	Sums		s = sums_of(state, v);

	for (Size t = 0; t < v; t++)
	{
		double		noise = s.noise[t] / s.repeated[t];
		double		total = s.squares[t] / (s.trials[t] - 1);
		double		signal = Max(total - noise, 0);

		n_stimuli[t] = s.stimuli[t];
		n_trials[t] = s.trials[t];
		if (s.repeated[t] == 0 || !isfinite(noise) || !isfinite(total))
			ncsnr[t] = percent_single[t] = percent_average[t] = NAN;
		else if (signal == 0)
			ncsnr[t] = percent_single[t] = percent_average[t] = 0;
		else
		{
			ncsnr[t] = sqrt(signal / noise);
			percent_single[t] = 100 * signal / (signal + noise);
			percent_average[t] = 100 * signal / (signal + noise * s.inverse[t] / s.stimuli[t]);
		}
	}
}
