"""Names of spconv.cppconstants: what the library was built with."""

CPU_ONLY_BUILD = True
HAS_BOOST = False
COMPILED_CUDA_ARCHS: set[tuple[int, int]] = set()
COMPILED_CUDA_GEMM_ARCHS: set[tuple[int, int]] = set()
