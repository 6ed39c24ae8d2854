// Pylons or masts with sagging wires.
#pragma once

#include "sim/aerial/land.h"
#include "sim/populate.h"

namespace voxloom::aerial {

// Claims the pylons' places of the stage; what is built goes to `parts`.
void add_power_line(street::Stage& stage, street::Parts& parts);

}  // namespace voxloom::aerial
