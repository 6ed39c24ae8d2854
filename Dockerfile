# voxloom on Debian 12: the program, its models and documents.
#
#   docker build -t voxloom .
#   docker run --rm -v "$PWD:/data" voxloom segment /data/scan.bin --out /data/labelled
FROM debian:12 AS build
RUN apt-get update && apt-get install -y --no-install-recommends \
      g++ cmake ninja-build pkg-config \
      libtbb-dev libfmt-dev nlohmann-json3-dev libcli11-dev libpng-dev zlib1g-dev libstb-dev \
    && rm -rf /var/lib/apt/lists/*
COPY CMakeLists.txt CMakePresets.json LICENSE README.md CHANGELOG.md /voxloom/
COPY cmake /voxloom/cmake
COPY include /voxloom/include
COPY src /voxloom/src
COPY docs /voxloom/docs
COPY models /voxloom/models
WORKDIR /voxloom
RUN cmake --preset release -DVOXLOOM_BUILD_EXAMPLES=OFF -DVOXLOOM_MPI=OFF \
    && cmake --build --preset release \
    && cmake --install build/release --prefix /opt/voxloom --component program --strip

FROM debian:12-slim
RUN apt-get update && apt-get install -y --no-install-recommends libtbb12 libfmt9 libpng16-16 zlib1g \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/voxloom /usr/local
ENTRYPOINT ["voxloom"]
