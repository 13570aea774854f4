"""explain_clusters against all cuts tried one by one, and scikit-learn's trees of one split."""

import numpy as np
from sklearn.tree import DecisionTreeClassifier

from neuroenc_oracle import create_rows, raises
from shapes import iris, shapes, wine

RNG = np.random.default_rng(4747)


def rules(db, table, options=""):
    with db.cursor() as cur:
        cur.execute(f"SELECT e.* FROM (SELECT points_agg(x, label) AS p FROM {table} OFFSET 0) q, explain_clusters(q.p{options}) e")
        return cur.fetchall()


def balanced(inside, member):
    return (inside[member].mean() + (~inside[~member]).mean()) / 2


def best_cut(x, member, within):
    """The largest balanced accuracy of one more half-space."""
    best = 0.5 if within.all() else balanced(within, member)
    for j in range(x.shape[1]):
        for t in np.unique(x[:, j])[:-1]:
            for side in (x[:, j] <= t, x[:, j] > t):
                best = max(best, balanced(within & side, member))
    return best


def check(db, table, x, label, max_terms=3, min_gain=0.01):
    create_rows(db, table, {"x": x, "label": label})
    x = x.astype(np.float64)
    found = rules(db, table, f", max_terms => {max_terms}, min_gain => {min_gain}")
    for c in np.unique(label):
        member = label == c
        within, accuracy = np.ones(len(x), bool), 0.5
        terms = [r for r in found if r[0] == str(c)]
        assert [r[1] for r in terms] == list(range(1, len(terms) + 1))
        for _, term, feature, name, threshold, side, got, recall, purity in terms:
            want = best_cut(x, member, within)
            column = x[:, feature - 1]
            within = within & (column <= threshold if side == "<=" else column > threshold)
            assert name is None
            np.testing.assert_allclose([got, recall, purity],
                                       [balanced(within, member), within[member].mean(), member[within].mean()], rtol=1e-12, err_msg=table)
            np.testing.assert_allclose(got, want, rtol=1e-12, err_msg=f"{table} {c} {term}")
            assert got - accuracy >= min_gain
            accuracy = got
        if len(terms) < max_terms:
            assert best_cut(x, member, within) - accuracy < max(min_gain, 1e-12), (table, c)
        tree = DecisionTreeClassifier(max_depth=1, class_weight="balanced", random_state=0).fit(x, member)
        assert not terms or terms[0][6] >= balanced(tree.predict(x), member) - 1e-12
    return found


def test_data_sets(db):
    for data in (iris(), wine()):
        check(db, f"ex_{data.name}", data.x, data.labels)
    for shape in shapes():
        if len(np.unique(shape.labels)) > 1:
            check(db, f"ex_{shape.name}", shape.x[:150], shape.labels[:150])


def test_ties_and_terms(db):
    x = RNG.integers(4, size=(120, 5)).astype(float)
    check(db, "ex_ties", x, RNG.integers(3, size=120), max_terms=6, min_gain=0)
    check(db, "ex_boxes", x, (x[:, 0] > 1).astype(int) * (x[:, 3] <= 2), max_terms=6, min_gain=0)
    check(db, "ex_float4", RNG.standard_normal((90, 4)).astype(np.float32), RNG.integers(4, size=90), max_terms=4, min_gain=0)
    check(db, "ex_alone", RNG.standard_normal((20, 2)), np.arange(20))
    check(db, "ex_constant", np.ones((10, 3)), np.arange(10) % 2)


def test_planted(db):
    """A corner of a plane among noise: two terms, in the names' words."""
    x = RNG.random((800, 6))
    label = ((x[:, 1] > 0.6) & (x[:, 4] <= 0.3)).astype(int)
    create_rows(db, "ex_planted", {"x": x, "label": label})
    found = [r for r in rules(db, "ex_planted", ", '{a,b,c,d,e,f}'") if r[0] == "1"]
    assert {(r[3], r[5]) for r in found} == {("b", ">"), ("e", "<=")}
    assert found[-1][6] == found[-1][7] == found[-1][8] == 1


def test_order(db):
    x = np.round(RNG.standard_normal((200, 3)), 1)
    order = RNG.permutation(200)
    label = RNG.integers(3, size=200)
    create_rows(db, "ex_order", {"x": x, "label": label})
    create_rows(db, "ex_other_order", {"x": x[order], "label": label[order]})
    first = rules(db, "ex_order")
    with db.cursor() as cur:
        cur.execute("SET neuroenc.threads = 2")
        assert rules(db, "ex_other_order") == first
        cur.execute("RESET neuroenc.threads")


def test_errors(db):
    create_rows(db, "ex_errors", {"x": np.arange(6.0).reshape(3, 2), "label": np.zeros(3, int)})
    with raises(db, "22000", "2 clusters or more"):
        rules(db, "ex_errors")
    with raises(db, "22023", "features has 1 name"):
        rules(db, "ex_errors", ", '{a}'")
