"""Scores of rankings and classes against scikit-learn, and where it has none, against all orders of tied rows."""

import itertools

import numpy as np
from sklearn import metrics

from neuroenc_oracle import assert_close, create_rows

RNG = np.random.default_rng(56)


def value(db, expression, table):
    with db.cursor() as cur:
        cur.execute("SELECT %s FROM %s" % (expression, table))
        row = cur.fetchone()
        return [np.nan if v is None else v for v in row] if len(row) > 1 else row[0]


def rankings():
    """(scores, gains): without ties, with some, with many, few relevant rows."""
    for n, decimals, most, share in ((1, 9, 1, 1), (7, 9, 3, 0.5), (200, 1, 4, 0.3), (3000, 9, 1, 0.01), (5000, 2, 9, 0.4), (400, 0, 2, 0.9)):
        score = np.round(RNG.standard_normal(n), decimals)
        gain = np.where(RNG.random(n) < share, RNG.integers(1, most + 1, n), 0).astype(float)
        gain[0] = 1
        yield score, gain


def test_rankings_against_scikit_learn(db):
    for i, (score, gain) in enumerate(rankings()):
        table = "rankings_%d" % i
        create_rows(db, table, {"score": score, "gain": gain})
        got = value(db, "auc(score, gain > 0), average_precision(score, gain > 0), ndcg(score, gain), ndcg(score, gain, 5), ndcg(score, gain, 100000)", table)
        relevant = gain > 0
        want = [metrics.roc_auc_score(relevant, score) if 0 < relevant.sum() < len(score) else np.nan,
                metrics.average_precision_score(relevant, score)]
        want += [metrics.ndcg_score(gain[None], score[None], k=k) if len(score) > 1 else 1.0 for k in (None, 5, 100000)]
        assert_close(table, np.array(got, float), np.array(want), 1e-12)


def test_gains_that_are_not_whole(db):
    score, gain = np.round(RNG.standard_normal(2000), 1), RNG.gamma(0.3, size=2000)
    create_rows(db, "rankings_gamma", {"score": score, "gain": gain})
    got = value(db, "ndcg(score, gain), ndcg(score, gain, 17)", "rankings_gamma")
    assert_close("ndcg", np.array(got), np.array([metrics.ndcg_score(gain[None], score[None], k=k) for k in (None, 17)]), 1e-12)


def all_orders(score, relevant, of_order):
    """Mean of a score over every order of the rows that sorts them by score."""
    values = [of_order([relevant[i] for i in order]) for order in itertools.permutations(range(len(score)))
              if all(score[a] >= score[b] for a, b in zip(order, order[1:]))]
    return np.mean(values)


def test_ties_are_the_mean_over_all_orders(db):
    for i in range(8):
        n = 7
        score, relevant = RNG.integers(0, 3, n).astype(float), RNG.random(n) < 0.4
        relevant[i % n] = True
        table = "tied_%d" % i
        create_rows(db, table, {"score": score, "relevant": relevant.astype(int)})
        got = value(db, "reciprocal_rank(score, relevant = 1), recall_at(score, relevant = 1, 1), recall_at(score, relevant = 1, 3), recall_at(score, relevant = 1, 7)", table)
        want = [all_orders(score, relevant, lambda r: 1 / (1 + r.index(True)))]
        want += [all_orders(score, relevant, lambda r, k=k: sum(r[:k]) / sum(r)) for k in (1, 3, 7)]
        assert_close(table, np.array(got, float), np.array(want), 1e-12)


def test_queries(db):
    """Means over 40 queries of 50 items: label_ranking_average_precision_score is the MRR where one item is relevant."""
    scores = np.round(RNG.standard_normal((40, 50)), 6)
    gains = RNG.integers(0, 4, (40, 50)).astype(float)
    one = np.eye(50)[RNG.integers(0, 50, 40)]
    create_rows(db, "queries", {"query": np.repeat(np.arange(40) * 10**15 - 7, 50), "score": scores.ravel(), "gain": gains.ravel(), "one": one.ravel()})
    got = value(db, "mean_reciprocal_rank(query, score, one = 1)", "queries")
    assert_close("MRR", got, metrics.label_ranking_average_precision_score(one, scores), 1e-12)
    got = value(db, "auc(s), average_precision(s), ndcg(s), ndcg(s, 5)", "(SELECT scored_agg(query, score, gain) AS s FROM queries) AS q")
    relevant = gains > 0
    want = [np.mean([metrics.roc_auc_score(r, s) for r, s in zip(relevant, scores)]), np.mean([metrics.average_precision_score(r, s) for r, s in zip(relevant, scores)]),
            metrics.ndcg_score(gains, scores), metrics.ndcg_score(gains, scores, k=5)]
    assert_close("means", np.array(got), np.array(want), 1e-12)
    with db.cursor() as cur:
        cur.execute("SELECT q.query, q.n, q.n_relevant, q.auc, q.average_precision, q.ndcg FROM query_scores((SELECT scored_agg(query, score, gain) FROM queries), 5) AS q")
        rows = np.array(cur.fetchall(), float)
    assert_close("by query", rows, np.array([[q * 10**15 - 7, 50, r.sum(), metrics.roc_auc_score(r, s), metrics.average_precision_score(r, s), metrics.ndcg_score(g[None], s[None], k=5)]
                                             for q, (r, s, g) in enumerate(zip(relevant, scores, gains))], float), 1e-12)


def test_many_rows(db):
    with db.cursor() as cur:
        cur.execute("CREATE TEMP TABLE many AS SELECT (i::bigint * 7919 % 99991)::float8 AS score, i % 3 = 0 AS relevant FROM generate_series(1, 300000) i")
        i = np.arange(1, 300001)
        score, relevant = (i * 7919 % 99991).astype(float), i % 3 == 0
        got = value(db, "auc(score, relevant), average_precision(score, relevant), f1(score > 50000, relevant)", "many")
        assert_close("many", np.array(got), np.array([metrics.roc_auc_score(relevant, score), metrics.average_precision_score(relevant, score), metrics.f1_score(relevant, score > 50000)]), 1e-12)


def test_f1(db):
    for i, (n, k) in enumerate(((300, 5), (50, 12), (1, 1))):
        actual, predicted = RNG.integers(0, k, n), RNG.integers(0, k + 1, n)
        table = "classified_%d" % i
        create_rows(db, table, {"actual": actual, "predicted": predicted})
        with db.cursor() as cur:
            cur.execute("SELECT f1(predicted, actual), f1(predicted::text, actual::text), f1(contingency_agg(actual, predicted), 'micro'), "
                        "f1(contingency_agg(actual, predicted), 'weighted') FROM %s" % table)
            got = cur.fetchone()
        want = [metrics.f1_score(actual, predicted, average=a, zero_division=0) for a in ("macro", "macro", "micro", "weighted")]
        assert_close(table, np.array(got), np.array(want), 1e-12)
        with db.cursor() as cur:
            cur.execute('SELECT s."precision", s.recall, s.f1, s.actual FROM class_scores((SELECT contingency_agg(actual, predicted) FROM %s)) AS s ORDER BY label::int' % table)
            rows = np.array(cur.fetchall(), float)
        want = np.array(metrics.precision_recall_fscore_support(actual, predicted, zero_division=0)).T
        assert_close(table, np.nan_to_num(rows), want, 1e-12)
