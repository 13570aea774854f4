SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS neuroenc;
RESET client_min_messages;

-- Overlap, union and matching; values don't count.
SELECT overlap(a, b), union_sdr(a, b), matches(a, b, 2), matches(a, b, 3), matches(a, b, 0)
FROM (VALUES ('{1:1,5:3,7:1,9:-1}/9'::sparse, 'float8:{1:0.5,2:1,9:1}/9'::sparse)) v(a, b);
SELECT overlap('{}/9', '{1:1}/9'), union_sdr('{}/9', '{3:7}/9'), union_sdr('{}/9', '{}/9'), matches('{}/9', '{}/9', 0), matches('{}/9', '{}/9', 1);
SELECT overlap('{1:1}/8', '{1:1}/9');
SELECT union_sdr('{1:1}/8', '{1:1}/9');
SELECT matches('{1:1}/8', '{1:1}/9', 0);
SELECT matches('{1:1}/9', '{1:1}/9', -1);
SELECT matches('{1:1}/9', NULL, 1);

-- The union of rows, in any order; a row alone is binary too.
CREATE TEMP TABLE patterns (id int, p sparse);
INSERT INTO patterns VALUES (1, 'float8:{2:7,4:1}/10'), (2, NULL), (3, '{4:2}/10'), (4, '{1:1,10:1}/10'), (5, '{}/10');
SELECT union_sdr(p), union_sdr(p ORDER BY id DESC) FROM patterns;
SELECT id, union_sdr(p) FROM patterns GROUP BY id ORDER BY id;
SELECT union_sdr(p) FROM patterns WHERE id > 5;
SELECT id, union_sdr(p) OVER (ORDER BY id) FROM patterns;

-- False matches.  By hand: 4 of 10 cells active, a segment of 3 synapses: P(2 or more) = (C(3,2) C(7,2) + C(3,3) C(7,1)) / C(10,4) = 70 / 210.
SELECT round(sdr_false_match(10, 4, 3, 2)::numeric, 13);
-- n = 1024, a = s = 4, theta = 4: one of C(1024, 4), 1 / 45,545,029,376.
SELECT round((sdr_false_match(1024, 4, 4, 4) * 45545029376)::numeric, 12);
-- Sure and impossible.
SELECT sdr_false_match(10, 4, 3, 0), sdr_false_match(10, 4, 3, 4), sdr_false_match(10, 0, 3, 1), sdr_false_match(10, 10, 3, 3), sdr_false_match(10, 8, 4, 2), sdr_false_match(1, 1, 1, 1);
-- 64 of 2048 active, 20 synapses: theta 10, from some tens of cells to the figures of the theory.
SELECT theta, to_char(sdr_false_match(2048, 64, 20, theta), '9.99999999999EEEE') AS p FROM generate_series(2, 18, 4) theta;
-- A union of 20 patterns: n (1 - (1 - a / n)^m) cells, and the false matches that come with them.
SELECT sdr_union_active(1024, 20, 1), round(sdr_union_active(1024, 20, 20)::numeric, 6), sdr_union_active(10, 10, 3), sdr_union_active(10, 0, 3),
       sdr_false_match(1024, 20, 15, 10, 20) = sdr_false_match(1024, 334, 15, 10), sdr_false_match(1024, 20, 15, 10, patterns => 1) = sdr_false_match(1024, 20, 15, 10);
SELECT sdr_false_match(0, 0, 0, 0);
SELECT sdr_false_match(10, 11, 3, 2);
SELECT sdr_false_match(10, 4, -1, 2);
SELECT sdr_false_match(10, 4, 3, -1);
SELECT sdr_false_match(10, 4, 3, 1, 0);
SELECT sdr_union_active(10, 20, 3);
