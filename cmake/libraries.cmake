# The libraries from the ground up: whom each stands on, what of others it needs, and its rooms, which are
# folders of src/. scripts/check_includes.py holds the rooms' includes to the same order.
set(voxloom_libraries core dist nn artifact io checkpoint sim viz train label)

# Those without loops of their own: what they compute stands in core.
set(voxloom_cold_libraries nn artifact checkpoint train label)

set(voxloom_core_uses TBB::tbb fmt::fmt Threads::Threads)
set(voxloom_core_rooms core coords engine cpu quant ops schema)

set(voxloom_dist_on core)
set(voxloom_dist_rooms dist)

set(voxloom_nn_on core)
set(voxloom_nn_rooms autograd nn)

set(voxloom_artifact_on nn)
set(voxloom_artifact_rooms artifact)

set(voxloom_io_on core)
set(voxloom_io_uses ZLIB::ZLIB)
set(voxloom_io_rooms io data)

set(voxloom_checkpoint_on artifact io)
set(voxloom_checkpoint_rooms checkpoint)

set(voxloom_sim_on io)
set(voxloom_sim_rooms sim)

set(voxloom_viz_on core)
set(voxloom_viz_uses ZLIB::ZLIB PNG::PNG)
set(voxloom_viz_rooms viz)

set(voxloom_train_on artifact sim dist)
set(voxloom_train_rooms train)

set(voxloom_label_on train)
set(voxloom_label_rooms label)
