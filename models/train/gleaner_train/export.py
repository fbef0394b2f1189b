"""Writes a trained network as ONNX: float16 embeddings behind a cast, everything else float32."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from gleaner_train.network import Network

OPSET = 17
END = np.iinfo(np.int64).max


class Graph:
    """Collects nodes and initialisers under readable names."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def constant(self, name: str, value: np.ndarray) -> str:
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def integers(self, name: str, *values: int) -> str:
        return self.constant(name, np.array(values, dtype=np.int64))

    def node(self, operator: str, name: str, *inputs: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(operator, list(inputs), [name], name=name, **attributes))
        return name


def write(network: Network, path: Path) -> None:
    """Exports for batch 1 and any number N of tokens."""
    graph = Graph()
    pair, lengths = network.shape.pair, network.shape.lengths
    raw = _build(graph, network)
    inputs = [helper.make_tensor_value_info("ids", TensorProto.INT64, [1, "N"])]
    if pair:
        inputs.append(helper.make_tensor_value_info("segments", TensorProto.INT64, [1, "N"]))
    if lengths:
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
    table = graph.constant("embedding", weights["embedding.weight"].astype(np.float16))
    words = graph.node("Cast", "words", graph.node("Gather", "rows", table, "ids"), to=TensorProto.FLOAT)
    triples = _triples(graph, words, weights, network.shape.width)
    if network.shape.pair:
        graph.integers("tokens_axis", 1)
        features = _pair_features(graph, words, triples)
    else:
        features = [
            graph.node("ReduceMean", "mean", words, axes=[1], keepdims=0),
            graph.node("ReduceMean", "triples_mean", triples, axes=[1], keepdims=0),
            graph.node("ReduceMax", "triples_max", triples, axes=[1], keepdims=0),
        ]
    size = _length_features(graph, network.shape.pair) if network.shape.lengths else []
    hidden = _linear(graph, "hidden", graph.node("Concat", "features", *features, *size, axis=1), weights)
    active = graph.node("Relu", "hidden_active", hidden)
    if not size:
        return _linear(graph, "out", active, weights, result="raw")
    matrix = graph.constant("length_weight", weights["length.weight"].T)
    direct = graph.node("MatMul", "direct", graph.node("Concat", "size", *size, axis=1), matrix)
    return graph.node("Add", "raw", _linear(graph, "out", active, weights), direct)


def _linear(graph: Graph, name: str, value: str, weights: dict[str, np.ndarray], result: str | None = None) -> str:
    matrix = graph.constant(f"{name}_weight", weights[f"{name}.weight"].T)
    product = graph.node("MatMul", f"{name}_product", value, matrix)
    bias = graph.constant(f"{name}_bias", weights[f"{name}.bias"][None])
    return graph.node("Add", result or name, product, bias)


def _triples(graph: Graph, words: str, weights: dict[str, np.ndarray], width: int) -> str:
    """Each token with its neighbours; zeros stand before the first and after the last."""
    edge = graph.constant("edge", np.zeros((1, 1, width), dtype=np.float32))
    padded = graph.node("Concat", "padded", edge, words, edge, axis=1)
    axis = graph.integers("slice_axis", 1)
    zero, two = graph.integers("zero", 0), graph.integers("two", 2)
    minus_two, end = graph.integers("minus_two", -2), graph.integers("end", END)
    shifted = {
        "before": graph.node("Slice", "previous", padded, zero, minus_two, axis),
        "here": words,
        "after": graph.node("Slice", "next", padded, two, end, axis),
    }
    products = []
    for name, value in shifted.items():
        matrix = graph.constant(f"{name}_weight", weights[f"{name}.weight"].T)
        products.append(graph.node("MatMul", f"{name}_product", value, matrix))
    bias = graph.constant("triples_bias", weights["before.bias"][None, None])
    total = graph.node("Add", "triples_two", products[0], products[1])
    total = graph.node("Add", "triples_three", total, products[2])
    return graph.node("Relu", "triples", graph.node("Add", "triples_biased", total, bias))


def _pair_features(graph: Graph, words: str, triples: str) -> list[str]:
    mask_axis = graph.integers("mask_axis", 2)
    segments = graph.node("Cast", "segments_float", "segments", to=TensorProto.FLOAT)
    last = graph.node("Unsqueeze", "last", segments, mask_axis)
    one = graph.constant("one", np.ones((1, 1, 1), dtype=np.float32))
    first = graph.node("Sub", "first", one, last)
    mean = _masked_mean(graph, "mean", words, last)
    other = _masked_mean(graph, "other", words, first)
    return [
        mean,
        _masked_mean(graph, "triples_mean", triples, last),
        graph.node("ReduceMax", "triples_max", graph.node("Mul", "triples_last", triples, last), axes=[1], keepdims=0),
        other,
        graph.node("Mul", "product", mean, other),
        graph.node("Abs", "distance", graph.node("Sub", "difference", mean, other)),
        _masked_mean(graph, "triples_other", triples, first),
    ]


def _masked_mean(graph: Graph, name: str, values: str, mask: str) -> str:
    masked = graph.node("Mul", f"{name}_masked", values, mask)
    total = graph.node("ReduceSum", f"{name}_total", masked, "tokens_axis", keepdims=0)
    count = graph.node("ReduceSum", f"{name}_count", mask, "tokens_axis", keepdims=0)
    least = graph.constant(f"{name}_least", np.ones((1, 1), dtype=np.float32))
    return graph.node("Div", name, total, graph.node("Max", f"{name}_divisor", count, least))


def _length_features(graph: Graph, pair: bool) -> list[str]:
    one = graph.constant("length_one", np.ones((1, 1), dtype=np.float32))
    logs = graph.node("Log", "length_log", graph.node("Add", "length_plus", "lengths", one))
    middle = graph.constant("length_middle", np.full((1, 1), 4.0, dtype=np.float32))
    half = graph.constant("length_half", np.full((1, 1), 0.5, dtype=np.float32))
    scaled = graph.node("Mul", "length_scaled", graph.node("Sub", "length_centred", logs, middle), half)
    if not pair:
        graph.integers("length_from", 0)
        graph.integers("length_to", 1)
        graph.integers("length_axis", 1)
        scaled = graph.node("Slice", "length_first", scaled, "length_from", "length_to", "length_axis")
    return [scaled, graph.node("Mul", "length_square", scaled, scaled)]


def load(network: Network, path: Path) -> Network:
    """Reads the weights of an exported model back into a network of the same shape."""
    found = {weight.name: numpy_helper.to_array(weight) for weight in onnx.load(path).graph.initializer}
    state = {}
    for name, value in network.state_dict().items():
        if name == "embedding.weight":
            array = found["embedding"].astype(np.float32)
        elif name == "before.bias":
            array = found["triples_bias"]
        else:
            array = found[name.replace(".", "_")].T
        state[name] = torch.from_numpy(array.reshape(value.shape).copy())
    network.load_state_dict(state)
    return network.eval()
