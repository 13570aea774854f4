-- what repeats say about how well a model could do

CREATE TYPE noise_ceiling_result AS (n_stimuli tensor, n_trials tensor, ncsnr tensor, percent_single tensor, percent_average tensor);
COMMENT ON TYPE noise_ceiling_result IS 'result of noise_ceiling, float8 vectors by column: stimuli and trials that had values, noise ceiling signal-to-noise ratio, and the per cent of variance that is signal in single trials and in the means of all trials of a stimulus';

CREATE FUNCTION noise_ceiling_add(tensor, tensor, tensor, bigint) RETURNS tensor
    AS 'MODULE_PATHNAME', 'stats_noise_ceiling_add' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION noise_ceiling_add(tensor, tensor, tensor, bigint) IS 'transition function of noise_ceiling';
CREATE FUNCTION noise_ceiling_combine(tensor, tensor) RETURNS tensor
    AS 'MODULE_PATHNAME', 'stats_noise_ceiling_combine' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION noise_ceiling_combine(tensor, tensor) IS 'combine function of noise_ceiling';
CREATE FUNCTION noise_ceiling_final(tensor) RETURNS noise_ceiling_result
    AS 'MODULE_PATHNAME', 'stats_noise_ceiling' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION noise_ceiling_final(tensor) IS 'final function of noise_ceiling';

CREATE AGGREGATE noise_ceiling(mean tensor, variance tensor, n bigint) (
    SFUNC = noise_ceiling_add, STYPE = tensor, SSPACE = 65536,
    FINALFUNC = noise_ceiling_final, COMBINEFUNC = noise_ceiling_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE noise_ceiling(tensor, tensor, bigint) IS 'noise ceiling by column (voxel) as the Natural Scenes Dataset defines it (Allen et al. 2022), from one row a stimulus: mean and variance (ddof 1; vectors of v) over its n repeats, which avg(y), variance(y) and count(y) of an inner GROUP BY stimulus give. noise^2 is the mean variance of the stimuli with at least 2 repeats, the total variance (ddof 1) that of all trials, rebuilt from means, variances and counts, signal^2 = max(total - noise^2, 0), ncsnr = signal / noise; percent_single = 100 q / (q + 1), q = ncsnr^2, percent_average = 100 q / (q + mean(1/n)); for means of m trials it is 100 q / (q + 1/m). Clipped at 0, so biased upwards where there is little signal. Stimuli of one repeat (variance NULL) count in the total; NaN in mean or variance leaves the stimulus out for that column; no stimulus with 2 repeats gives NaN. Rows with mean or n NULL are skipped, no row gives NULL. y should have one scale over sessions (z-scored by session). Errors: differing widths, n < 1, a negative variance, variance NULL though n > 1';

CREATE FUNCTION predictions_add_repeat(predictions, tensor, bigint, bigint) RETURNS predictions
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION predictions_add_repeat(predictions, tensor, bigint, bigint) IS 'transition function of explainable_variance';
CREATE FUNCTION explainable_variance_final(predictions) RETURNS tensor
    AS 'MODULE_PATHNAME', 'stats_explainable_variance' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION explainable_variance_final(predictions) IS 'final function of explainable_variance';

CREATE AGGREGATE explainable_variance(y tensor, stimulus bigint, repeat bigint) (
    SFUNC = predictions_add_repeat, STYPE = predictions, SSPACE = 67108864,
    FINALFUNC = explainable_variance_final, COMBINEFUNC = predictions_combine_rows, PARALLEL = SAFE
);
COMMENT ON AGGREGATE explainable_variance(tensor, bigint, bigint) IS 'the share of variance that repeats have in common, by column: a float8 vector of v. stimulus is whatever was repeated, a picture or a time point of a film, repeat the repetition. As the voxelwise modelling tutorials define it: each repeat is z-scored over stimuli (ddof 0), ev = var(mean over repeats) / mean of the repeats'' var (ddof 1), corrected for its bias, ev - (1 - ev) / (repeats - 1), so that it is unbiased and may be negative (Sahani and Linden 2003; Hsu, Borst and Theunissen 2004). It is the ceiling of r^2 for a single repeat; for the mean of m repeats, m ev / (1 + (m - 1) ev). A stimulus that is NaN in one repeat is left out of that column; fewer than 2 stimuli give NaN, a constant 0. Rows with a NULL are skipped, no row gives NULL; all rows are held in memory. Errors: one repeat, a stimulus that a repeat lacks or has twice, neuroenc.memory_limit';

CREATE FUNCTION split_half_final(tensor) RETURNS tensor
    AS 'MODULE_PATHNAME', 'stats_split_half' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION split_half_final(tensor) IS 'final function of split_half';

CREATE AGGREGATE split_half(a tensor, b tensor) (
    SFUNC = column_moments_transition, STYPE = tensor, SSPACE = 65536,
    FINALFUNC = split_half_final, COMBINEFUNC = column_moments_combine, PARALLEL = SAFE
);
COMMENT ON AGGREGATE split_half(tensor, tensor) IS 'split-half reliability by column: Pearson''s r over rows (stimuli) of the means of two halves of the repeats, stepped up to all of them by 2 r / (1 + r) (Spearman 1910; Brown 1910); a negative r is left as it is. A float8 vector; missing values, constants and errors as column_corr. It is a ceiling of r^2 for the mean of all repeats: cc_norm(r, split_half)';

CREATE FUNCTION cc_norm(r float8, ceiling float8) RETURNS float8
    AS 'MODULE_PATHNAME', 'stats_cc_norm' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cc_norm(float8, float8) IS 'correlation as a share of what was possible, r / sqrt(ceiling), where ceiling is the fraction (not per cent) of the variance of the responses that is signal: explainable_variance, split_half, percent_average / 100 of noise_ceiling, for responses averaged over as many trials as r was computed with (Schoppe et al. 2016). NULL where the ceiling is 0 or negative; may pass 1, since both are estimates. An error if the ceiling is over 1';
CREATE FUNCTION cc_norm(r tensor, ceiling tensor) RETURNS tensor
    AS 'MODULE_PATHNAME', 'stats_cc_norm_columns' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cc_norm(tensor, tensor) IS 'r / sqrt(ceiling) element by element, a float8 tensor; NaN where the ceiling is not positive; otherwise as cc_norm(float8, float8). An error if the shapes differ or a ceiling is over 1';
