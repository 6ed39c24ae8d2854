// Files without a header: KITTI and nuScenes.
#include "scan_fuzz.h"

VOXLOOM_SCAN_FUZZER(voxloom::ScanFormat::kitti, voxloom::ScanFormat::nuscenes)
