"""torchsparse.backends: settings of its CUDA kernels. They are kept and change nothing."""

benchmark = False
allow_tf32 = False
allow_fp16 = True
device_capability = 0
hash_rsv_ratio = 2


def init() -> None:
    """Puts the settings back to their first values."""
    global benchmark, allow_tf32, allow_fp16, hash_rsv_ratio
    benchmark, allow_tf32, allow_fp16, hash_rsv_ratio = False, False, True, 2
