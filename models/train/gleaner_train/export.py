"""Writes a trained network as ONNX: float16 embeddings behind a cast, everything else float32."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from gleaner_train import transformer_graph
from gleaner_train.graph import Graph, Weights, length_features, linear, masked_mean
from gleaner_train.network import Network
from gleaner_train.transformer import Transformer

OPSET = 17
END = np.iinfo(np.int64).max


def write(network: Any, path: Path) -> None:
    """Exports for batch 1 and any number N of tokens."""
    graph = Graph()
    raw = transformer_graph.build(graph, network) if isinstance(network, Transformer) else _build(graph, network)
    inputs = [helper.make_tensor_value_info("ids", TensorProto.INT64, [1, "N"])]
    if network.shape.pair:
        inputs.append(helper.make_tensor_value_info("segments", TensorProto.INT64, [1, "N"]))
    if network.shape.lengths:
        inputs.append(helper.make_tensor_value_info("lengths", TensorProto.FLOAT, [1, 2]))
    output = helper.make_tensor_value_info(raw, TensorProto.FLOAT, [1, 1])
    model = helper.make_model(
        helper.make_graph(graph.nodes, path.stem, inputs, [output], graph.weights),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=8,
        producer_name="gleaner",
    )
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString(deterministic=True))


def _build(graph: Graph, network: Network) -> str:
    weights = {name: value.detach().numpy() for name, value in network.named_parameters()}
    shape = network.shape
    table = graph.constant("embedding", weights["embedding.weight"].astype(np.float16))
    words = graph.node("Cast", "words", graph.node("Gather", "rows", table, "ids"), to=TensorProto.FLOAT)
    runs = words
    for number in range(shape.layers):
        found = _neighbours(graph, f"layers.{number}", runs, weights)
        runs = graph.node("Add", f"runs_{number}", runs, found) if number else found
    if shape.pair:
        graph.integers("tokens_axis", 1)
        features = _pair_features(graph, words, runs, weights, shape.layers > 0)
    else:
        features = [graph.node("ReduceMean", "mean", words, axes=[1], keepdims=0)]
        if shape.layers:
            features.append(graph.node("ReduceMean", "runs_mean", runs, axes=[1], keepdims=0))
            features.append(graph.node("ReduceMax", "runs_max", runs, axes=[1], keepdims=0))
    size = length_features(graph, shape.pair) if shape.lengths else []
    hidden = linear(graph, "hidden", graph.node("Concat", "features", *features, *size, axis=1), weights)
    active = graph.node("Relu", "hidden_active", hidden)
    if not size:
        return linear(graph, "out", active, weights, result="raw")
    matrix = graph.constant("length_weight", weights["length.weight"].T)
    direct = graph.node("MatMul", "direct", graph.node("Concat", "size", *size, axis=1), matrix)
    return graph.node("Add", "raw", linear(graph, "out", active, weights), direct)


def _neighbours(graph: Graph, name: str, words: str, weights: Weights) -> str:
    """Each token with its neighbours; zeros stand before the first and after the last."""
    width = weights[f"{name}.here.weight"].shape[1]
    edge = graph.constant(f"{name}_edge", np.zeros((1, 1, width), dtype=np.float32))
    padded = graph.node("Concat", f"{name}_padded", edge, words, edge, axis=1)
    axis = graph.integers(f"{name}_axis", 1)
    zero, two = graph.integers(f"{name}_zero", 0), graph.integers(f"{name}_two", 2)
    minus_two, end = graph.integers(f"{name}_minus_two", -2), graph.integers(f"{name}_end", END)
    shifted = {
        "before": graph.node("Slice", f"{name}_previous", padded, zero, minus_two, axis),
        "here": words,
        "after": graph.node("Slice", f"{name}_next", padded, two, end, axis),
    }
    products = []
    for part, value in shifted.items():
        matrix = graph.constant(f"{name}_{part}_weight", weights[f"{name}.{part}.weight"].T)
        products.append(graph.node("MatMul", f"{name}_{part}_product", value, matrix))
    bias = graph.constant(f"{name}_before_bias", weights[f"{name}.before.bias"][None, None])
    total = graph.node("Add", f"{name}_two_parts", products[0], products[1])
    total = graph.node("Add", f"{name}_three_parts", total, products[2])
    return graph.node("Relu", f"{name}_active", graph.node("Add", f"{name}_biased", total, bias))


def _pair_features(
    graph: Graph, words: str, runs: str, weights: Weights, layered: bool
) -> list[str]:
    mask_axis = graph.integers("mask_axis", 2)
    segments = graph.node("Cast", "segments_float", "segments", to=TensorProto.FLOAT)
    last = graph.node("Unsqueeze", "last", segments, mask_axis)
    one = graph.constant("one", np.ones((1, 1, 1), dtype=np.float32))
    first = graph.node("Sub", "first", one, last)
    mean = masked_mean(graph, "mean", words, last)
    other = masked_mean(graph, "other", words, first)
    features = [mean]
    if layered:
        features.append(masked_mean(graph, "runs_mean", runs, last))
        masked = graph.node("Mul", "runs_last", runs, last)
        features.append(graph.node("ReduceMax", "runs_max", masked, axes=[1], keepdims=0))
    features += [
        other,
        graph.node("Mul", "product", mean, other),
        graph.node("Abs", "distance", graph.node("Sub", "difference", mean, other)),
    ]
    if layered:
        features.append(masked_mean(graph, "runs_other", runs, first))
    return features + _matches(graph, words, first, last, weights)


def _matches(graph: Graph, words: str, first: str, last: str, weights: Weights) -> list[str]:
    width_axis = graph.integers("width_axis", 2)
    little = graph.constant("little", np.full((1, 1, 1), 1e-6, dtype=np.float32))
    square = graph.node("ReduceSum", "squares", graph.node("Mul", "square", words, words), width_axis, keepdims=1)
    norm = graph.node("Sqrt", "norm", graph.node("Add", "squares_and_little", square, little))
    unit = graph.node("Div", "unit", words, norm)
    near = graph.node("MatMul", "near", unit, graph.node("Transpose", "unit_turned", unit, perm=[0, 2, 1]))
    found = []
    for name, one, other in (("sought", first, last), ("offered", last, first)):
        turned = graph.node("Transpose", f"{name}_others", other, perm=[0, 2, 1])
        met = graph.node("Mul", f"{name}_met", near, turned)
        best = graph.node("ReduceMax", f"{name}_best", met, axes=[2], keepdims=1)
        asked = graph.node("Sigmoid", f"{name}_sigmoid", linear(graph, name, words, weights))
        weight = graph.node("Mul", f"{name}_masked", asked, one)
        weighted = graph.node("Mul", f"{name}_weighted", best, weight)
        total = graph.node("ReduceSum", f"{name}_total", weighted, "tokens_axis", keepdims=0)
        count = graph.node("ReduceSum", f"{name}_count", weight, "tokens_axis", keepdims=0)
        least = graph.constant(f"{name}_least", np.full((1, 1), 1e-3, dtype=np.float32))
        found.append(graph.node("Div", f"{name}_mean", total, graph.node("Add", f"{name}_divisor", count, least)))
    return found


def load(network: Network, path: Path) -> Network:
    """Reads the weights of an exported model back into a network of the same shape."""
    found = {weight.name: numpy_helper.to_array(weight) for weight in onnx.load(path).graph.initializer}
    state = {}
    for name, value in network.state_dict().items():
        stem, _, part = name.rpartition(".")
        array = found["embedding"] if name == "embedding.weight" else found[f"{_plain(stem)}_{part}"].T
        state[name] = torch.from_numpy(array.astype(np.float32).reshape(value.shape).copy())
    network.load_state_dict(state)
    return network.eval()


def _plain(stem: str) -> str:
    """The name of a layer in the graph: `layers.0.before` is `layers.0_before`."""
    parts = stem.split(".")
    return ".".join(parts[:2]) + "".join(f"_{part}" for part in parts[2:]) if parts[0] == "layers" else stem
