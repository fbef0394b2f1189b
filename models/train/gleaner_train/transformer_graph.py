"""The ONNX graph of a transformer, for batch 1: the longer models that the shipped ones are compared with."""

import math

import numpy as np
from onnx import TensorProto

from gleaner_train.graph import Graph, Weights, length_features, linear, masked_mean
from gleaner_train.transformer import Transformer


def build(graph: Graph, network: Transformer) -> str:
    """Adds all nodes and returns the name of the raw score."""
    weights = {name: value.detach().numpy() for name, value in network.named_parameters()}
    shape = network.shape
    words = _embed(graph, network, weights)
    for number in range(shape.layers):
        words = _layer(graph, f"layers.{number}", words, weights, shape.width, shape.heads)
    if shape.pair:
        graph.integers("tokens_axis", 1)
        segments = graph.node("Cast", "segments_float", "segments", to=TensorProto.FLOAT)
        last = graph.node("Unsqueeze", "last", segments, graph.integers("mask_axis", 2))
        one = graph.constant("one", np.ones((1, 1, 1), dtype=np.float32))
        first = graph.node("Sub", "first", one, last)
        features = [masked_mean(graph, "mean", words, last), masked_mean(graph, "other", words, first)]
    else:
        features = [graph.node("ReduceMean", "mean", words, axes=[1], keepdims=0)]
    size = length_features(graph, shape.pair) if shape.lengths else []
    hidden = linear(graph, "hidden", graph.node("Concat", "features", *features, *size, axis=1), weights)
    return linear(graph, "out", _gelu(graph, "hidden", hidden), weights, result="raw")


def _embed(graph: Graph, network: Transformer, weights: Weights) -> str:
    table = graph.constant("embedding", weights["embedding.weight"].astype(np.float16))
    words = graph.node("Cast", "words", graph.node("Gather", "rows", table, "ids"), to=TensorProto.FLOAT)
    if "widen.weight" in weights:
        words = linear(graph, "widen", words, weights)
    places = graph.constant("position", weights["position.weight"][None])
    count = graph.node("Shape", "token_count", "ids", start=1, end=2)
    zero, axis = graph.integers("place_from", 0), graph.integers("place_axis", 1)
    words = graph.node("Add", "placed", words, graph.node("Slice", "places", places, zero, count, axis))
    if network.shape.pair:
        part = graph.constant("part", weights["part.weight"])
        words = graph.node("Add", "parted", words, graph.node("Gather", "parts", part, "segments"))
    return _norm(graph, "embedding_norm", words, weights)


def _layer(graph: Graph, name: str, words: str, weights: Weights, width: int, heads: int) -> str:
    size = width // heads
    split = graph.integers(f"{name}_split", 1, -1, heads, size)
    turned = {}
    for part, order in (("query", [0, 2, 1, 3]), ("key", [0, 2, 3, 1]), ("value", [0, 2, 1, 3])):
        rows = graph.node("Reshape", f"{name}_{part}_rows", linear(graph, f"{name}.{part}", words, weights), split)
        turned[part] = graph.node("Transpose", f"{name}_{part}_turned", rows, perm=order)
    near = graph.node("MatMul", f"{name}_near", turned["query"], turned["key"])
    root = graph.constant(f"{name}_root", np.full((1, 1, 1, 1), 1 / math.sqrt(size), dtype=np.float32))
    share = graph.node("Softmax", f"{name}_share", graph.node("Mul", f"{name}_scaled", near, root), axis=3)
    mixed = graph.node("MatMul", f"{name}_mixed", share, turned["value"])
    rows = graph.node("Transpose", f"{name}_mixed_rows", mixed, perm=[0, 2, 1, 3])
    joined = graph.node("Reshape", f"{name}_joined", rows, graph.integers(f"{name}_join", 1, -1, width))
    own = graph.node("Add", f"{name}_attended", words, linear(graph, f"{name}.mix", joined, weights))
    words = _norm(graph, f"{name}.mix_norm", own, weights)
    inner = _gelu(graph, name, linear(graph, f"{name}.expand", words, weights))
    own = graph.node("Add", f"{name}_thought", words, linear(graph, f"{name}.shrink", inner, weights))
    return _norm(graph, f"{name}.norm", own, weights)


def _norm(graph: Graph, name: str, value: str, weights: Weights) -> str:
    mean = graph.node("ReduceMean", f"{name}_mean", value, axes=[-1], keepdims=1)
    centred = graph.node("Sub", f"{name}_centred", value, mean)
    square = graph.node("Mul", f"{name}_square", centred, centred)
    little = graph.constant(f"{name}_little", np.full((1, 1, 1), 1e-12, dtype=np.float32))
    spread = graph.node("Add", f"{name}_spread", graph.node("ReduceMean", f"{name}_variance", square, axes=[-1], keepdims=1), little)
    unit = graph.node("Div", f"{name}_unit", centred, graph.node("Sqrt", f"{name}_root", spread))
    scaled = graph.node("Mul", f"{name}_scaled", unit, graph.constant(f"{name}_weight", weights[f"{name}.weight"][None, None]))
    return graph.node("Add", f"{name}_out", scaled, graph.constant(f"{name}_bias", weights[f"{name}.bias"][None, None]))


def _gelu(graph: Graph, name: str, value: str) -> str:
    root = graph.constant(f"{name}_gelu_root", np.full((1,), math.sqrt(0.5), dtype=np.float32))
    half = graph.constant(f"{name}_gelu_half", np.full((1,), 0.5, dtype=np.float32))
    one = graph.constant(f"{name}_gelu_one", np.ones((1,), dtype=np.float32))
    error = graph.node("Erf", f"{name}_gelu_error", graph.node("Mul", f"{name}_gelu_part", value, root))
    share = graph.node("Mul", f"{name}_gelu_share", graph.node("Add", f"{name}_gelu_sum", error, one), half)
    return graph.node("Mul", f"{name}_gelu", value, share)
