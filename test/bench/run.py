#!/usr/bin/python3
"""Runs the benches: every bench_*(db, rates, report) of test/bench/*_bench.py.

usage: run.py [--only REGEX]      (the server by PGHOST, PGPORT, PGUSER)

Each file has a database of its own, which its benches share in the order of the
file; the rates that floors are counted with are measured in the same run,
before each file.  A figure over its bar, or a bench that raises, makes the
status 1.
"""

import argparse
import importlib.util
import os
import re
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "oracle"))

import psycopg2

from bench import Rates, Report


def connect(database):
    db = psycopg2.connect(dbname=database)
    db.autocommit = True
    return db


def admin(statement):
    db = connect(os.environ.get("PGDATABASE", "postgres"))
    with db.cursor() as cur:
        cur.execute(statement)
    db.close()


def benches_of(path):
    name = os.path.basename(path)[:-3]
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return [(n, f) for n, f in vars(module).items()
            if n.startswith("bench_") and callable(f) and getattr(f, "__module__", name) == name]


def run_file(path, only, rates, report):
    file_name = os.path.basename(path)[: -len("_bench.py")]
    benches = [(n, f) for n, f in benches_of(path) if not only or only.search("%s: %s" % (file_name, n[6:]))]
    if not benches:
        return
    database = "bench_%s_%d" % (file_name, os.getpid())
    admin('CREATE DATABASE "%s"' % database)
    try:
        db = connect(database)
        with db.cursor() as cur:
            cur.execute("CREATE EXTENSION neuroenc")
        rates.again()
        for name, function in benches:
            report.section("%s: %s" % (file_name, name[6:].replace("_", " ")))
            started = time.time()
            try:
                function(db, rates, report)
            except Exception:
                traceback.print_exc(file=sys.stdout)
                print("  FAIL %s raised" % name)
                report.failed += 1
                db.close()
                db = connect(database)
            print("  (%.0f s)" % (time.time() - started), flush=True)
        db.close()
    finally:
        admin('DROP DATABASE IF EXISTS "%s" WITH (FORCE)' % database)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help="regular expression over 'file: bench'")
    args = parser.parse_args()
    only = re.compile(args.only) if args.only else None
    report = Report()
    rates = Rates()
    for name in sorted(os.listdir(HERE)):
        if name.endswith("_bench.py"):
            run_file(os.path.join(HERE, name), only, rates, report)
    report.section("The machine's rates in this run")
    rates.show()
    print("\n%d bars met, %d missed" % (report.passed, report.failed))
    sys.exit(1 if report.failed else 0)


if __name__ == "__main__":
    main()
