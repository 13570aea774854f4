-- dendrogram: the tree of an agglomerative clustering

CREATE TYPE dendrogram;

CREATE FUNCTION dendrogram_in(cstring) RETURNS dendrogram
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dendrogram_in(cstring) IS 'input of type dendrogram: dendrogram(...):base64 of the binary form; the part in parentheses is for people';
CREATE FUNCTION dendrogram_out(dendrogram) RETURNS cstring
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dendrogram_out(dendrogram) IS 'output of type dendrogram';
CREATE FUNCTION dendrogram_recv(internal) RETURNS dendrogram
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dendrogram_recv(internal) IS 'binary input of type dendrogram; lengths, labels and every merge are checked, and labels are converted from the encoding of the database that wrote them';
CREATE FUNCTION dendrogram_send(dendrogram) RETURNS bytea
    AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION dendrogram_send(dendrogram) IS 'binary output of type dendrogram, little-endian: version, method, zero, encoding (1 byte each), n, bytes of labels, end of each label (int4), labels, n - 1 heights (float8), n - 1 pairs (int4)';

CREATE TYPE dendrogram (
    INPUT = dendrogram_in, OUTPUT = dendrogram_out, RECEIVE = dendrogram_recv, SEND = dendrogram_send,
    INTERNALLENGTH = variable, ALIGNMENT = double, STORAGE = extended
);
COMMENT ON TYPE dendrogram IS 'the tree that agglomerative clustering makes of n labelled leaves: n - 1 merges, each of two clusters at a height, in ascending order of height. Leaves are numbered from 0 in the order of their labels (whole numbers by value, then others by their bytes), merge i makes cluster n + i. Made by linkage(), cut by cut() and cut_height()';

CREATE FUNCTION cut(d dendrogram, k int) RETURNS TABLE (label text, cluster int)
    AS 'MODULE_PATHNAME', 'dendrogram_cut_to_number' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION cut(dendrogram, int) IS 'the k clusters that are left when the k - 1 highest merges are undone: a row a leaf, in the order of labels. Clusters are numbered from 1 by size, the largest first, those of one size by their first label. Where merges tie in height at the cut, the later one is undone (SciPy''s cut_tree; fcluster with maxclust would give fewer clusters). Labels are texts: cast them where leaves are ids (label::bigint). An error if k is not from 1 to the number of leaves';
CREATE FUNCTION cut_height(d dendrogram, height float8) RETURNS TABLE (label text, cluster int)
    AS 'MODULE_PATHNAME', 'dendrogram_cut_at_height' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION cut_height(dendrogram, float8) IS 'the clusters that merges of at most this height make (SciPy''s fcluster with criterion distance): a row a leaf, in the order of labels, numbered as by cut(). An error if height is NaN';
CREATE FUNCTION merges(d dendrogram) RETURNS TABLE (a int, b int, height float8, size int)
    AS 'MODULE_PATHNAME', 'dendrogram_merges' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION merges(dendrogram) IS 'the n - 1 merges in order, as the rows of SciPy''s Z: clusters a < b become cluster n + i (i from 0) at a height, of so many leaves. Numbers below n are leaves: element number + 1 of labels(d)';

CREATE FUNCTION n_leaves(d dendrogram) RETURNS int
    AS 'MODULE_PATHNAME', 'dendrogram_n_leaves' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION n_leaves(dendrogram) IS 'number of leaves';
CREATE FUNCTION method(d dendrogram) RETURNS text
    AS 'MODULE_PATHNAME', 'dendrogram_method' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION method(dendrogram) IS 'the linkage: single, complete, average or ward';
CREATE FUNCTION labels(d dendrogram) RETURNS text[]
    AS 'MODULE_PATHNAME', 'dendrogram_labels_array' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION labels(dendrogram) IS 'labels of the leaves in their order: element i is leaf i - 1 of merges()';
CREATE FUNCTION leaf_order(d dendrogram) RETURNS text[]
    AS 'MODULE_PATHNAME', 'dendrogram_leaf_order' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION leaf_order(dendrogram) IS 'labels of the leaves as a plot has them, so that no branches cross: of two merged clusters the one with the smaller number first (SciPy''s leaves_list). Rows and columns of an RDM in this order show its blocks';
CREATE FUNCTION cophenetic(d dendrogram) RETURNS rdm
    AS 'MODULE_PATHNAME', 'dendrogram_cophenetic_rdm' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION cophenetic(dendrogram) IS 'the height at which each pair of leaves is joined, as an rdm (metric transformed). rdm_compare(r, cophenetic(linkage(r)), ''pearson'') is the cophenetic correlation: how well the tree keeps the distances (Sokal and Rohlf 1962). An error past the conditions that an rdm can have';
CREATE FUNCTION dasgupta_cost(d dendrogram, r rdm) RETURNS float8
    AS 'MODULE_PATHNAME', 'dendrogram_dasgupta_cost' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION dasgupta_cost(dendrogram, rdm) IS 'the sum over pairs of leaves of the pair''s value in r times the number of leaves of the smallest cluster that holds both. With similarities in r (rdm_from_matrix takes any matrix) it is Dasgupta''s cost (2016), and the better tree has the smaller one; with dissimilarities it is the value of Cohen-Addad, Kanade, Mallmann-Trenn and Mathieu (2019), and the better tree has the larger one. Labels are matched; conditions of r that are no leaves count nothing. An error names a leaf that r does not have, or a pair that is missing. O(n^2)';
