-- bicluster: spectral co-clustering
SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS neuroenc; RESET client_min_messages;

-- By hand: row 1 goes with columns 1 and 2 (three members: label 1), row 2 with column 3
SELECT * FROM bicluster('[[1,1,0],[0,0,1]]', 2);
-- the other way round
SELECT * FROM bicluster('[[1,0],[1,0],[0,1]]', 2);
-- Two blocks on a floor, rows and columns in turns; which goes with which, side by side
SELECT label, array_agg(index ORDER BY index) FILTER (WHERE side = 'row') AS rows, array_agg(index ORDER BY index) FILTER (WHERE side = 'column') AS columns
FROM bicluster('[[9,1,8,1,9],[1,7,1,8,1],[8,1,9,1,8],[1,9,1,9,2]]', 2) GROUP BY label ORDER BY label;
-- a scale does nothing, nor does the element type
SELECT bool_and(a.label = b.label AND a.label = c.label) FROM bicluster('[[9,1,8],[1,7,1],[8,1,9]]', 2) AS a
JOIN bicluster('float8:[[9e300,1e300,8e300],[1e300,7e300,1e300],[8e300,1e300,9e300]]', 2) AS b USING (side, index)
JOIN bicluster('float2:[[9,1,8],[1,7,1],[8,1,9]]', 2) AS c USING (side, index);
-- rows and columns of zeros belong nowhere
SELECT * FROM bicluster('[[0,0,0,0],[1,1,0,0],[0,0,0,1],[0,0,0,1]]', 2);
-- three blocks of different sizes; the seed may change the way, not the answer
SELECT side, array_agg(label ORDER BY index) FROM bicluster('[[5,5,0,0,0,1],[5,4,0,1,0,0],[0,0,6,0,1,0],[0,1,0,5,5,5],[0,0,1,4,5,6],[1,0,0,5,6,4]]', 3) GROUP BY side ORDER BY side DESC;
SELECT side, array_agg(label ORDER BY index) FROM bicluster('[[5,5,0,0,0,1],[5,4,0,1,0,0],[0,0,6,0,1,0],[0,1,0,5,5,5],[0,0,1,4,5,6],[1,0,0,5,6,4]]', 3, seed => 7) GROUP BY side ORDER BY side DESC;
-- k 1
SELECT * FROM bicluster('[[2]]', 1);
SELECT * FROM bicluster('[[1,2],[0,0]]', k => 1);
-- strict
SELECT * FROM bicluster(NULL, 2);

-- Errors
SELECT bicluster('[[1,2],[3,-4]]', 2);
SELECT bicluster('[[1,2],[NaN,4]]', 2);
SELECT bicluster('[[1,Infinity],[3,4]]', 2);
SELECT bicluster('[1,2]', 1);
SELECT bicluster('[[1,2],[3,4]]', 0);
SELECT bicluster('[[1,2,3],[3,4,5]]', 3);
SELECT bicluster('[[1,2,3],[0,0,0]]', 2);
SELECT bicluster('[[0,0],[0,0]]', 1);
-- rows and columns are independent: nothing tells them apart
SELECT bicluster('[[1,2],[2,4]]', 2);
