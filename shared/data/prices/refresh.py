#!/usr/bin/env python3
"""Trims an upstream genai-prices data file into prices.json and says what moved.

    refresh.py UPSTREAM.json VERSION [--accept]

Nothing is written when a rate moved more than tenfold or when more than one model in twenty disappeared,
unless --accept says that a person has looked at the list.
"""

import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
OUT = HERE / "prices.json"
RATES = ("input_mtok", "output_mtok", "cache_read_mtok", "cache_write_mtok", "cache_write_1h_mtok")


def rates(prices):
    """The token rates of one price set; None where the model is billed, but not by the token."""
    if prices and "input_mtok" not in prices and "output_mtok" not in prices:
        return None
    return {key: prices[key] for key in RATES if key in prices}


def dated(prices):
    if isinstance(prices, dict):
        return [{"prices": rates(prices)}]
    kept = []
    for entry in prices:
        row = {"prices": rates(entry["prices"])}
        if entry.get("constraint"):
            row["constraint"] = {key: value for key, value in entry["constraint"].items() if key != "type"}
        kept.append(row)
    return kept


def trim(providers):
    for provider in providers:
        kept = {"id": provider["id"]}
        for key in ("model_match", "provider_match", "fallback_model_providers"):
            if provider.get(key):
                kept[key] = provider[key]
        kept["models"] = [
            {"id": model["id"], "match": model["match"], "prices": dated(model["prices"])}
            for model in provider["models"]
        ]
        yield kept


def one_model_per_line(version, providers):
    """JSON whose diff reads as a list of models."""
    compact = {"separators": (",", ":"), "ensure_ascii": False}
    lines = ['{"version":%s,"providers":[' % json.dumps(version)]
    for last, provider in enumerate(providers, 1):
        head = json.dumps({key: value for key, value in provider.items() if key != "models"}, **compact)
        lines.append(head[:-1] + ',"models":[')
        lines.append(",\n".join(json.dumps(model, **compact) for model in provider["models"]))
        lines.append("]}" + ("," if last < len(providers) else ""))
    lines.append("]}")
    return "\n".join(lines) + "\n"


def newest(providers):
    """The rates of the last unconditional or dated row of every model, tiers by their base."""
    found = {}
    for provider in providers:
        for model in provider["models"]:
            for key, value in (model["prices"][-1]["prices"] or {}).items():
                found[provider["id"] + "/" + model["id"], key] = value["base"] if isinstance(value, dict) else value
    return found


def report(old, new):
    """Prints what moved; True when it moved further than prices usually do."""
    before, after = newest(old), newest(new)
    wild = False
    for key in sorted(before.keys() & after.keys()):
        was, now = before[key], after[key]
        if was != now:
            leap = min(was, now) == 0 or max(was, now) / min(was, now) > 10
            wild |= leap
            print("%s %s: %s -> %s%s" % (*key, was, now, "  !" if leap else ""))
    names = [{(p["id"], m["id"]) for p in side for m in p["models"]} for side in (old, new)]
    gone, come = names[0] - names[1], names[1] - names[0]
    for sign, ids in (("-", gone), ("+", come)):
        for provider, model in sorted(ids):
            print(sign, provider + "/" + model)
    print("%d models, %d gone, %d new" % (len(names[1]), len(gone), len(come)))
    return wild or len(gone) * 20 > len(names[0])


def main():
    args = [arg for arg in sys.argv[1:] if arg != "--accept"]
    if len(args) != 2:
        sys.exit(__doc__)
    providers = list(trim(json.loads(pathlib.Path(args[0]).read_text(encoding="utf-8"))))
    if OUT.exists():
        suspicious = report(json.loads(OUT.read_text(encoding="utf-8"))["providers"], providers)
        if suspicious and "--accept" not in sys.argv:
            sys.exit("not written: look at the lines above, then repeat with --accept")
    OUT.write_text(one_model_per_line("genai-prices-" + args[1], providers), encoding="utf-8")


if __name__ == "__main__":
    main()
