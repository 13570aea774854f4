"""Rows of (label, fold, pattern) into a table by COPY BINARY, and RDMs back as NumPy arrays."""
import numpy as np

from gram_tables import copy_binary, query, unwire, wire


def load(db, name, label, X, fold=None):
    """Table name(label, fold, x) by COPY BINARY, rows in a random order."""
    order = np.random.default_rng(1).permutation(len(X))
    rows = [(str(label[i]).encode(), None if fold is None else int(fold[i]).to_bytes(8, 'big', signed=True), wire(X[i])) for i in order]
    with db.cursor() as c:
        c.execute(f'DROP TABLE IF EXISTS {name}; CREATE TABLE {name} (label text, fold bigint, x tensor)')
        c.copy_expert(f'COPY {name} FROM STDIN (FORMAT binary)', copy_binary(rows))


def matrix(db, expression, args=None):
    """An rdm expression's matrix, with its labels."""
    labels, d = query(db, f'SELECT labels(r), tensor_send(rdm_matrix(r)) FROM (SELECT {expression} AS r OFFSET 0) q', args)[0]
    return labels, unwire(d)


def of_table(aggregate, table='rdm_t'):
    return f'(SELECT {aggregate} FROM {table})'


def words(n):
    return [('%d' if i % 3 else 'c%d') % i for i in range(n)]
