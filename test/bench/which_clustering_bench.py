"""The table of docs/guide/which-clustering.md with more rows than the guide's own run has: its statements, as they stand there."""

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / 'docs' / 'guide' / 'which-clustering.md'
ROWS = 5000


def bench_which_clustering(db, rates, report):
    statements = '\n'.join(re.findall(r'```sql\n(.*?)```', PAGE.read_text(), re.S)[:-1]) # without the page's own check
    statements = statements.replace('CREATE EXTENSION neuroenc;', '')
    statements, found = re.subn(r'generate_series\(1, \d+\)', f'generate_series(1, {ROWS})', statements)
    assert found == 1, 'the page makes its rows in one place'
    with db.cursor() as cur:
        cur.execute('SET neuroenc.threads = 2')
        cur.execute(statements)
        columns = ', '.join(column.name for column in cur.description[1:-1])
        for method, *scores, mean in cur:
            report.figure(f'adjusted Rand index of {method}, mean', mean, note=' '.join(f'{score:.2f}' for score in scores))
        report.figure('rows a dimension', ROWS, note=f'dimensions {columns}')
