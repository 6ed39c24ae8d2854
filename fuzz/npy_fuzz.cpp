#include "scan_fuzz.h"

VOXLOOM_SCAN_FUZZER(voxloom::ScanFormat::npy, voxloom::ScanFormat::npz)
