#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Computes ops with numpy, in float64, from the definitions in the papers and not from our sources,
and compares with what the graph evaluator made of them: numpy_blocks.py CASES.json

A case is {"kind", "attributes", "operands", "results"}; an operand or result is {"rows", "cols",
"values"}, a constant has "fill", "offset", "scale" and "frequencies" as well."""
import json
import math
import sys

import numpy as np

# A row's L2 error over its norm: fp32 has 24 bits, and sums have up to some hundred terms.
ROW_ERROR = 3e-6


def matrix(entry):
    return np.array(entry["values"], dtype=np.float64).reshape(entry["rows"], entry["cols"])


def erf(x):
    return np.vectorize(math.erf, otypes=[np.float64])(x)


def softmax_rows(x):
    with np.errstate(invalid="ignore"):
        e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def with_sinks(x, sinks):
    """Softmax with one more column, which is then dropped."""
    return softmax_rows(np.concatenate([x, sinks], axis=-1))[..., :-1]


def softmax(attributes, x, sinks=None):
    """Row r of a sequence sees the columns up to its own place in it."""
    x = x * attributes.get("scale", 1)
    if attributes.get("causal", 0):
        seq = int(attributes.get("seq", 0)) or x.shape[1]
        place = np.arange(x.shape[0])[:, None] % seq
        x = np.where(np.arange(x.shape[1])[None, :] <= place, x, -np.inf)
    if sinks is None:
        return softmax_rows(x)
    return with_sinks(x, np.repeat(sinks, len(x) // len(sinks), axis=0))


def attention(attributes, q, k, v, *further):
    """Vaswani et al. 2017, with the heads of Ainslie et al. 2023 (grouped queries): einsum over
    [sequence, token, group, head in group, column]. A second part of q and k is concatenated to the
    first (DeepSeek-V2, arXiv 2405.04434, equation 17); window: Beltagy et al. 2020; soft cap: Gemma 2,
    arXiv 2408.00118; sinks: the gpt-oss model card, arXiv 2508.10925, section 2.3."""
    heads = int(attributes["heads"])
    groups = int(attributes.get("kv_heads", 0)) or heads
    seq = int(attributes["seq"])
    keys = int(attributes.get("keys", 0)) or seq
    further = list(further)
    sinks = further.pop() if attributes.get("sinks", 0) else None
    q = q.reshape(-1, seq, groups, heads // groups, q.shape[1] // heads)
    k = k.reshape(-1, keys, groups, k.shape[1] // groups)
    if len(further) >= 2:
        q = np.concatenate([q, further[0].reshape(*q.shape[:4], -1)], axis=-1)
        shared = np.repeat(further[1].reshape(-1, keys, 1, further[1].shape[1]), groups, axis=2)
        k = np.concatenate([k, shared], axis=-1)
    v = v.reshape(-1, keys, groups, v.shape[1] // groups)
    scores = np.einsum("stghd,sugd->sghtu", q, k) * attributes.get("scale", 1)
    if len(further) % 2 == 1:
        scores = scores + further[-1].reshape(groups, heads // groups, seq, keys)
    if attributes.get("softcap", 0):
        scores = attributes["softcap"] * np.tanh(scores / attributes["softcap"])
    last = np.arange(seq)[:, None] if attributes.get("causal", 0) else np.full((seq, 1), keys - 1)
    key = np.arange(keys)[None, :]
    window = int(attributes.get("window", 0)) or keys
    scores = np.where((key <= last) & (key > last - window), scores, -np.inf)
    if sinks is None:
        weights = softmax_rows(scores)
    else:
        column = sinks.reshape(groups, heads // groups, 1, 1)
        weights = with_sinks(scores, np.broadcast_to(column, scores.shape[:-1] + (1,)))
    out = np.einsum("sghtu,sugd->stghd", weights, v)
    return out.reshape(out.shape[0] * seq, -1)


def layernorm(attributes, x, gain, bias):
    centred = x - x.mean(axis=1, keepdims=True)
    return centred / np.sqrt(x.var(axis=1, keepdims=True) + attributes["eps"]) * gain + bias


def rmsnorm(attributes, x, gain):
    groups = int(attributes.get("groups", 1))
    parts = x.reshape(x.shape[0], groups, -1)
    mean = (parts**2).mean(axis=2, keepdims=True)
    return (parts / np.sqrt(mean + attributes["eps"]) * gain[0]).reshape(x.shape)


def matmul(attributes, x, w):
    heads = int(attributes.get("heads", 1))
    if heads > 1:
        parts = np.einsum("rhk,hkn->rhn", x.reshape(len(x), heads, -1), w.reshape(heads, -1, w.shape[1]))
        return parts.reshape(len(x), -1)
    return x @ (w.T if attributes.get("transpose_rhs", 0) else w)


def expert_matmul(_, x, w, experts):
    """Shazeer et al. 2017, equation 1, without the gates: every row's own expert."""
    chosen = experts[:, 0].astype(int)
    top = len(chosen) // len(x)
    parts = w.reshape(-1, x.shape[1], w.shape[1])
    return np.einsum("pk,pkn->pn", np.repeat(x, top, axis=0), parts[chosen])


def select(_, table, x):
    return np.take_along_axis(x, table[:, 0].astype(int).reshape(len(x), -1), axis=1)


def rope(attributes, x, cos, sin):
    """Su et al. 2021, with the halves of a head as the real and imaginary parts of numbers that are
    turned: a multiplication by cos + i sin."""
    heads = int(attributes["heads"])
    times = x.shape[0] // cos.shape[0]
    turn = np.tile(cos + 1j * sin, (times, 1))[:, None, :]
    parts = x.reshape(x.shape[0], heads, 2, -1)
    turned = (parts[:, :, 0] + 1j * parts[:, :, 1]) * turn
    return np.stack([turned.real, turned.imag], axis=2).reshape(x.shape)


def quantize_rows(_, x):
    scales = np.abs(x).max(axis=1, keepdims=True) / 127
    return x / np.where(scales == 0, 1, scales), scales


def append(attributes, cache, rows):
    seq = int(attributes["seq"])
    first = int(attributes["first"])
    cache = cache.reshape(-1, seq, cache.shape[1]).copy()
    rows = rows.reshape(cache.shape[0], -1, rows.shape[1])
    cache[:, first:first + rows.shape[1]] = rows
    return cache.reshape(-1, cache.shape[2])


def embedding(attributes, tokens, words, positions):
    seq = int(attributes["seq"])
    found = words[tokens[:, 0].astype(int)]
    return found + np.tile(positions[:seq], (len(found) // seq, 1))


OPS = {
    "mha": attention,
    "attention": attention,
    "softmax": softmax,
    "layernorm": layernorm,
    "rmsnorm": rmsnorm,
    "rope": rope,
    "quantize_rows": quantize_rows,
    "append": append,
    "embedding": embedding,
    "gather": lambda _, tokens, words: words[tokens[:, 0].astype(int)],
    "rows": lambda a, x: x[int(a.get("first", 0))::int(a.get("step", 1))][:int(a["count"])],
    "matmul": matmul,
    "expert_matmul": expert_matmul,
    "select": select,
    "normalize": lambda a, x: a.get("scale", 1) * x / x.sum(axis=1, keepdims=True),
    "sum_rows": lambda a, x: x.reshape(-1, int(a["count"]), x.shape[1]).sum(axis=1),
    "column": lambda _, x: x.reshape(-1, 1),
    "linear": lambda _, x, w, b: x @ w + b,
    "exp": lambda _, x: np.exp(x),
    "tanh": lambda _, x: np.tanh(x),
    "sigmoid": lambda _, x: 1 / (1 + np.exp(-x)),
    "silu": lambda _, x: x / (1 + np.exp(-x)),
    "relu": lambda _, x: np.where(x > 0, x, 0),
    "gelu": lambda _, x: x / 2 * (1 + erf(x / math.sqrt(2))),
    "gelu_tanh": lambda _, x: x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    "quantize": lambda a, x: np.clip(a["factor"] * x, -128, 127),
    "scale": lambda a, x: a["factor"] * x,
    "add": lambda _, x, y: x + repeated(x, y),
    "sub": lambda _, x, y: x - repeated(x, y),
    "mul": lambda _, x, y: x * repeated(x, y),
    "max": lambda _, x, y: np.maximum(x, repeated(x, y)),
    "min": lambda _, x, y: np.minimum(x, repeated(x, y)),
}


def repeated(x, y):
    return y if y.shape[1] == 1 and y.shape[0] == x.shape[0] else np.tile(y, (len(x) // len(y), 1))


def wrong_rows(found, expected, whole):
    """What is wrong with `found`, in words, or None. Whole numbers are `expected` rounded to
    nearest; where that is a tie but for fp32's last bits, to either side."""
    if found.shape != expected.shape:
        return f"shape {found.shape}; expected {expected.shape}"
    if whole:
        off = np.abs(found - expected)
        if (off <= 0.5 + 1e-4).all():
            return None
        at = np.unravel_index(off.argmax(), off.shape)
        return f"{found[at]} at {at}; expected {expected[at]} rounded"
    error = np.linalg.norm(found - expected, axis=1)
    norm = np.linalg.norm(expected, axis=1)
    if (error <= ROW_ERROR * np.maximum(norm, 1e-6)).all():
        return None
    row = int((error / np.maximum(norm, 1e-6)).argmax())
    return f"row {row} {found[row]}; expected {expected[row]}"


def wrong_constant(entry):
    if "fill" not in entry:
        return None
    wave = {"cos": np.cos, "sin": np.sin}[entry["fill"]]
    place = entry["offset"] + np.arange(entry["rows"])[:, None]
    expected = entry["scale"] * wave(place * np.array(entry["frequencies"])[None, :])
    return wrong_rows(matrix(entry), expected, False)


def main():
    cases = json.load(open(sys.argv[1], encoding="utf-8"))
    wrong = 0
    for number, case in enumerate(cases):
        results = OPS[case["kind"]](case["attributes"], *map(matrix, case["operands"]))
        if not isinstance(results, tuple):
            results = (results,)
        found = [wrong_constant(entry) for entry in case["operands"]]
        for entry, expected in zip(case["results"], results):
            found.append(wrong_rows(matrix(entry), expected, entry["whole"]))
        for text in filter(None, found):
            wrong += 1
            print(f"case {number}, {case['kind']} {case['attributes']}: found {text}")
    kinds = sorted({case["kind"] for case in cases})
    print(f"{len(cases)} cases of {', '.join(kinds)}: {wrong} wrong")
    sys.exit(1 if wrong or not cases else 0)


if __name__ == "__main__":
    main()
