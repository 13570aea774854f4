"""What benches share: timing, tables of results with bars, and the machine's rates."""

import time

import numpy as np


class Report:
    """Collects figures; a figure with a bar passes or fails."""

    def __init__(self):
        self.failed = 0
        self.passed = 0

    def section(self, title):
        print("\n%s\n%s" % (title, "-" * len(title)), flush=True)

    def figure(self, what, value, unit="", bar=None, note=""):
        """A figure; with a bar it must be at most that."""
        verdict = ""
        if bar is not None:
            good = value <= bar
            self.passed += good
            self.failed += not good
            verdict = "bar %-8s %s" % ("%.4g" % bar, "PASS" if good else "FAIL")
        print("  %-52s %10.4g %-8s %-18s %s" % (what, value, unit, verdict, note), flush=True)

    def floor(self, parts):
        """Seconds of (name, flops, name of the rate, rate), each shown."""
        total = 0
        for name, flops, rate_name, rate in parts:
            self.figure(f'  floor: {name}', flops / rate, 's', note=f'{flops / 1e9:.1f} Gflop at {rate_name} {rate / 1e9:.0f} Gflop/s')
            total += flops / rate
        self.figure('  floor: sum', total, 's')
        return total


def seconds(function, repeat=3):
    """The least wall time of some calls, and the last result."""
    best, result = float("inf"), None
    for _ in range(repeat):
        started = time.perf_counter()
        result = function()
        best = min(best, time.perf_counter() - started)
    return best, result


def query_seconds(db, statement, args=None, repeat=3):
    """The least wall time of a statement, rows fetched."""

    def once():
        with db.cursor() as cur:
            cur.execute(statement, args)
            return cur.fetchall() if cur.description else None

    return seconds(once, repeat)


class Rates:
    """Flops a second of OpenBLAS's gemm through NumPy: rates.sgemm[2] is two threads, single precision."""

    def __init__(self, threads=(1, 2), n=2048, repeat=4):
        self.sgemm, self.dgemm = {}, {}
        self.set_threads = openblas_set_num_threads()
        self.n, self.repeat = n, repeat
        for count in threads:
            self.sgemm[count] = self.measure(np.float32, count)
            self.dgemm[count] = self.measure(np.float64, count)

    def measure(self, dtype, threads):
        n = self.n
        rng = np.random.default_rng(0)
        a = rng.standard_normal((n, n)).astype(dtype)
        b = rng.standard_normal((n, n)).astype(dtype)
        c = np.empty((n, n), dtype)
        self.set_threads(threads)
        best, _ = seconds(lambda: np.matmul(a, b, out=c), self.repeat + 1)
        return 2.0 * n**3 / best

    def again(self):
        """Measures once more and keeps the better: the machine may have been busy."""
        for count in self.sgemm:
            self.sgemm[count] = max(self.sgemm[count], self.measure(np.float32, count))
            self.dgemm[count] = max(self.dgemm[count], self.measure(np.float64, count))

    def sustained(self, dtype, threads, duration=1.0):
        """Flops a second of products that go on for this long: what the machine gives now, and not in its best moment."""
        n = self.n
        a = np.ones((n, n), dtype)
        c = np.empty((n, n), dtype)
        self.set_threads(threads)
        done, start = 0, time.perf_counter()
        while time.perf_counter() - start < duration:
            np.matmul(a, a, out=c)
            done += 1
        return done * 2.0 * n**3 / (time.perf_counter() - start)

    def paired(self, run, dtype, threads, repeat=5):
        """(median seconds of run(), median sustained rate, median of seconds times the rates just before and after it)."""
        took, found, work = [], [self.sustained(dtype, threads)], []
        for _ in range(repeat):
            start = time.perf_counter()
            run()
            took.append(time.perf_counter() - start)
            found.append(self.sustained(dtype, threads))
            work.append(took[-1] * (found[-2] + found[-1]) / 2)
        return float(np.median(took)), float(np.median(found)), float(np.median(work))

    def show(self):
        for count in self.sgemm:
            print("  %d thread%s: sgemm %7.1f Gflop/s   dgemm %7.1f Gflop/s"
                  % (count, " " if count == 1 else "s", self.sgemm[count] / 1e9, self.dgemm[count] / 1e9))


def openblas_set_num_threads():
    """The setter of the OpenBLAS that NumPy runs on."""
    import ctypes

    with open("/proc/self/maps") as maps:
        paths = {line.split()[-1] for line in maps if "openblas" in line}
    for path in sorted(paths):
        library = ctypes.CDLL(path)
        for name in ("openblas_set_num_threads", "openblas_set_num_threads64_"):
            if hasattr(library, name):
                return getattr(library, name)
    raise SystemExit("NumPy does not run on OpenBLAS here (update-alternatives --config libblas.so.3-x86_64-linux-gnu)")
