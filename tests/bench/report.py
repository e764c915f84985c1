#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The table of ./run bench --vm from the lines that tests/vm/bench-guest.sh has written.

usage: report.py [--json] FIGURES...
"""
import json
import statistics
import sys

FAR_ENDS = {
    "driver": "the kernel answers at once: the driver's own cost",
    "thread": "the kernel answers from another thread",
    "dsp": "the software DSP answers, everything on one processor",
    "dsp-unpinned": "the software DSP answers, wherever the scheduler puts it",
}
UNITS = {"time": ("us", 1e3), "icount": ("instructions", 1)}
BOOTS = {"time": "time", "icount": "instructions of the whole guest"}
COUNTS = {
    "allocs": "slab allocations",
    "allocs-own": "of these by the driver itself",
    "alloc-pages": "pages",
}
# what a change to the driver must not lose; nothing fails over it
WANTED = {"noop ioctl": 0.7, "noop": 0.7, "zero-copy": 0.7, "plain 1 MiB": 0.7}


def read(files):
    """{boot: {far end: {case: {driver: [figure of each round]}}}}"""
    data = {}
    for file in files:
        with open(file, encoding="ascii") as lines:
            for line in lines:
                boot, driver, _, far_end, case, figure = line.rstrip("\n").split("\t")
                cases = data.setdefault(boot, {}).setdefault(far_end, {})
                cases.setdefault(case, {}).setdefault(driver, []).append(float(figure))
    return data


def wanted(far_end, case):
    if far_end != "driver" or case.startswith("zero-copy by fd"):
        return None
    for start, bound in WANTED.items():
        if case == start or case.startswith(start + " "):
            return bound
    return None


def row(case, drivers, far_end):
    """Medians, and the median of the ratios of the rounds: drift hits both sides."""
    fastrpc, qda = drivers["fastrpc"], drivers["qda"]
    ratios = [ours / theirs for ours, theirs in zip(qda, fastrpc)]
    return {
        "case": case,
        "fastrpc": statistics.median(fastrpc),
        "qda": statistics.median(qda),
        "ratio": statistics.median(ratios),
        "ratio_min": min(ratios),
        "ratio_max": max(ratios),
        "rounds": len(ratios),
        "wanted": wanted(far_end, case),
    }


def tables(data):
    result = []
    for boot in BOOTS:
        for far_end in FAR_ENDS:
            cases = data.get(boot, {}).get(far_end)
            if cases:
                result.append({
                    "boot": boot,
                    "far_end": far_end,
                    "rows": [row(c, d, far_end) for c, d in cases.items()],
                })
    return result


def size_independence(table):
    """dearest size / cheapest size of zero-copy calls, per driver"""
    rows = [r for r in table["rows"]
            if r["case"].startswith("zero-copy ") and " by fd " not in r["case"]]
    return {d: max(r[d] for r in rows) / min(r[d] for r in rows) for d in ("fastrpc", "qda")}


def print_table(table):
    unit, scale = UNITS[table["boot"]]
    print(f"\n{FAR_ENDS[table['far_end']]} ({BOOTS[table['boot']]}, {unit}; "
          f"medians of {table['rows'][0]['rounds']} alternations)")
    print(f"  {'':28} {'fastrpc':>10} {'qda':>10} {'qda/fastrpc':>12}")
    for r in table["rows"]:
        mark = ""
        if r["wanted"]:
            mark = f"  wanted: at most {r['wanted']}"
            if r["ratio"] > r["wanted"]:
                mark += "  MISSED"
        digits = 1 if scale > 1 else 0
        print(f"  {r['case']:28} {r['fastrpc'] / scale:10.{digits}f} "
              f"{r['qda'] / scale:10.{digits}f} {r['ratio']:12.2f}"
              f"  ({r['ratio_min']:.2f} to {r['ratio_max']:.2f}){mark}")
    if table["far_end"] == "driver":
        spread = size_independence(table)
        print(f"  zero-copy, dearest size / cheapest: fastrpc {spread['fastrpc']:.2f}, "
              f"qda {spread['qda']:.2f}")


def print_counts(counts):
    print("\nmemory allocated per call, in the thread that calls: slab allocations, of these "
          "by\nthe driver itself, pages")
    print(f"  {'':28} {'fastrpc':>22} {'qda':>22}")
    for case, drivers in counts["allocs"].items():
        line = f"  {case:28}"
        for driver in ("fastrpc", "qda"):
            line += " "
            for kind, width in (("allocs", 7), ("allocs-own", 7), ("alloc-pages", 8)):
                line += f"{counts[kind][case][driver][0]:{width}.1f}"
        print(line)


def main():
    args = sys.argv[1:]
    as_json = args[:1] == ["--json"]
    data = read(args[1:] if as_json else args)
    counts = {k: data.get("time", {}).get(k, {}) for k in COUNTS}
    if as_json:
        print(json.dumps({
            "tables": tables(data),
            "allocations": {k: {c: {d: v[0] for d, v in drivers.items()}
                                for c, drivers in cases.items()}
                            for k, cases in counts.items()},
        }, indent=2))
        return
    for table in tables(data):
        print_table(table)
    if counts["allocs"]:
        print_counts(counts)
    print("\nsession attach and create: open, start the PD, close. zero-copy by fd: a buffer "
          "mainline\nhas to attach at every call, beside one of ours, which is always known.")


if __name__ == "__main__":
    main()
