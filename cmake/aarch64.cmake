# Cross build for aarch64 on Debian: g++-aarch64-linux-gnu, and the libraries of the arm64
# architecture installed beside the native ones (scripts/setup.sh --full). qemu runs the tests.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)

# No -L /usr/aarch64-linux-gnu: that is the cross compiler's older C library, and mixed with the
# arm64 libraries it leaves oneTBB spinning for a thread that never starts.
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64)
