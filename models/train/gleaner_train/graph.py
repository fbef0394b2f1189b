"""Building blocks of ONNX graphs."""

from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

Weights = dict[str, np.ndarray]


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


def linear(graph: Graph, name: str, value: str, weights: Weights, result: str | None = None) -> str:
    matrix = graph.constant(f"{name}_weight", weights[f"{name}.weight"].T)
    product = graph.node("MatMul", f"{name}_product", value, matrix)
    bias = graph.constant(f"{name}_bias", weights[f"{name}.bias"][None])
    return graph.node("Add", result or name, product, bias)


def masked_mean(graph: Graph, name: str, values: str, mask: str) -> str:
    masked = graph.node("Mul", f"{name}_masked", values, mask)
    total = graph.node("ReduceSum", f"{name}_total", masked, "tokens_axis", keepdims=0)
    count = graph.node("ReduceSum", f"{name}_count", mask, "tokens_axis", keepdims=0)
    least = graph.constant(f"{name}_least", np.ones((1, 1), dtype=np.float32))
    return graph.node("Div", name, total, graph.node("Max", f"{name}_divisor", count, least))


def length_features(graph: Graph, pair: bool) -> list[str]:
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
