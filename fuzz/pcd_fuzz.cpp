#include "scan_fuzz.h"

VOXLOOM_SCAN_FUZZER(voxloom::ScanFormat::pcd)
