\d design
SELECT i.* FROM receptor, encoder_info(fit) AS i WHERE recording = 1 \gx
SELECT * FROM targets((SELECT fit FROM receptor WHERE recording = 1));
SELECT v, round(r::numeric, 3) AS r FROM prediction ORDER BY v <-> '(86,-49,-57)' LIMIT 5;
SELECT round(avg(r)::numeric, 3) AS mean_r FROM prediction WHERE v <@ ball('(86,-49,-57)', 6);
