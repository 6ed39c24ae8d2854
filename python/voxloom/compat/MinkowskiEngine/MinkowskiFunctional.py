"""torch.nn.functional on the features of sparse tensors and tensor fields.

Activations, norms, linear and dropouts give a tensor of the input's kind on the same coordinates; losses take the
features and a target, and give what torch gives.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F

from . import _rows
from .MinkowskiTensorField import like


def _on_features(name: str) -> Callable[..., Any]:
    function = getattr(F, name)

    def wrapped(input: Any, *args: Any, **kwargs: Any) -> Any:
        return like(input, function(input.F, *args, **kwargs))

    wrapped.__name__ = wrapped.__qualname__ = name
    wrapped.__doc__ = f"torch.nn.functional.{name} of the features."
    return wrapped


def _loss(name: str) -> Callable[..., torch.Tensor]:
    function = getattr(F, name)

    def wrapped(input: Any, target: Any, *args: Any, **kwargs: Any) -> Any:
        return function(input.F, target, *args, **kwargs)

    wrapped.__name__ = wrapped.__qualname__ = name
    wrapped.__doc__ = f"torch.nn.functional.{name} of the features and the target."
    return wrapped


def linear(input: Any, weight: torch.Tensor, bias: torch.Tensor | None = None) -> Any:
    """x weight^T + bias; weight (C_out, C_in)."""
    return like(input, _rows.linear(input.F, weight, bias))


threshold = _on_features("threshold")
relu = _on_features("relu")
hardtanh = _on_features("hardtanh")
hardswish = _on_features("hardswish")
relu6 = _on_features("relu6")
elu = _on_features("elu")
selu = _on_features("selu")
celu = _on_features("celu")
leaky_relu = _on_features("leaky_relu")
prelu = _on_features("prelu")
rrelu = _on_features("rrelu")
glu = _on_features("glu")
gelu = _on_features("gelu")
logsigmoid = _on_features("logsigmoid")
hardshrink = _on_features("hardshrink")
tanhshrink = _on_features("tanhshrink")
softsign = _on_features("softsign")
softplus = _on_features("softplus")
softmin = _on_features("softmin")
softmax = _on_features("softmax")
softshrink = _on_features("softshrink")
gumbel_softmax = _on_features("gumbel_softmax")
log_softmax = _on_features("log_softmax")
tanh = _on_features("tanh")
sigmoid = _on_features("sigmoid")
hardsigmoid = _on_features("hardsigmoid")
silu = _on_features("silu")
batch_norm = _on_features("batch_norm")
normalize = _on_features("normalize")
dropout = _on_features("dropout")
alpha_dropout = _on_features("alpha_dropout")

binary_cross_entropy = _loss("binary_cross_entropy")
binary_cross_entropy_with_logits = _loss("binary_cross_entropy_with_logits")
poisson_nll_loss = _loss("poisson_nll_loss")
cross_entropy = _loss("cross_entropy")
hinge_embedding_loss = _loss("hinge_embedding_loss")
kl_div = _loss("kl_div")
l1_loss = _loss("l1_loss")
mse_loss = _loss("mse_loss")
multilabel_margin_loss = _loss("multilabel_margin_loss")
multilabel_soft_margin_loss = _loss("multilabel_soft_margin_loss")
multi_margin_loss = _loss("multi_margin_loss")
nll_loss = _loss("nll_loss")
smooth_l1_loss = _loss("smooth_l1_loss")
soft_margin_loss = _loss("soft_margin_loss")
