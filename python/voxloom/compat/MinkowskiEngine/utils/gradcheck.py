"""Gradients against differences."""

from __future__ import annotations

from typing import Any

from torch.autograd.gradcheck import gradcheck as _of_torch


def gradcheck(func: Any, inputs: Any, eps: float = 1e-6, atol: float = 1e-5, rtol: float = 1e-3,
              raise_exception: bool = True, check_sparse_nnz: bool = False, nondet_tol: float = 0.0,
              check_undefined_grad: bool = True, check_grad_dtypes: bool = False) -> bool:
    """torch.autograd.gradcheck of func.apply, at float64 inputs."""
    return _of_torch(func.apply, inputs, eps=eps, atol=atol, rtol=rtol, raise_exception=raise_exception,
                     nondet_tol=nondet_tol, check_undefined_grad=check_undefined_grad,
                     check_grad_dtypes=check_grad_dtypes)
