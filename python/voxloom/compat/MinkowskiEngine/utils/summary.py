"""A table of a network's layers."""

from __future__ import annotations

from typing import Any

import torch.nn as nn


def summary(model: nn.Module, summary_input: Any) -> tuple[int, int]:
    """Prints the layers that run on summary_input, with the shapes of their features; (parameters, trainable ones)."""
    text, counts = minkowski_summary_string(model, summary_input)
    print(text)
    return counts


def minkowski_summary_string(model: nn.Module, summary_input: Any) -> tuple[str, tuple[int, int]]:
    """The table that summary prints, and its counts."""
    lines: list[str] = []
    hooks = []

    def note(module: nn.Module, _: Any, output: Any) -> None:
        shapes = [list(o.shape) for o in output] if isinstance(output, (list, tuple)) else list(output.shape)
        own = sum(p.numel() for p in module.parameters(recurse=False))
        lines.append(f"{f'{type(module).__name__}-{len(lines) + 1}':>40}  {shapes!s:>25} {own:>15,}")

    for module in model.modules():
        if not isinstance(module, (nn.Sequential, nn.ModuleList)):
            hooks.append(module.register_forward_hook(note))
    try:
        model(summary_input)
    finally:
        for hook in hooks:
            hook.remove()
    total = sum(p.numel() for p in model.parameters())
    trainable = sum(p.numel() for p in model.parameters() if p.requires_grad)
    rule = "-" * 82
    head = f"{'Layer (type)':>40}  {'Output Shape':>25} {'Param #':>15}"
    tail = [f"Total params: {total:,}", f"Trainable params: {trainable:,}",
            f"Non-trainable params: {total - trainable:,}"]
    return "\n".join([rule, head, rule, *lines, rule, *tail, rule]), (total, trainable)
