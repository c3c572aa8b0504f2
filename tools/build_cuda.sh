#!/bin/sh
# Builds skillscope for CUDA where there may be neither a CUDA installation nor a GPU; see docs/gpu.md.
#
#   tools/build_cuda.sh CUDA_ROOT [cargo build's arguments]
#
# CUDA_ROOT has bin/nvcc, include/cuda.h and lib/: an installation, or the folder nvidia/cu13 of NVIDIA's wheels.
set -eu

root=$(cd "$1" && pwd)
shift
lib=$root/lib
[ -d "$lib" ] || lib=$root/lib64

# Wheels carry only versioned names.
for name in cublas cublasLt cudart nvrtc curand; do
    if [ ! -e "$lib/lib$name.so" ]; then
        versioned=$(find "$lib" -maxdepth 1 -name "lib$name.so.*" | sort | head -n 1)
        [ -n "$versioned" ] || { echo "build_cuda.sh: no lib$name in $lib" >&2; exit 2; }
        ln -s "$(basename "$versioned")" "$lib/lib$name.so"
    fi
done

# The driver's library belongs to a machine with a GPU. Its stub answers every call with 100, CUDA_ERROR_NO_DEVICE.
stubs=$lib/stubs
if [ ! -e "$stubs/libcuda.so" ]; then
    mkdir -p "$stubs"
    grep -oE '\bcu[A-Z][A-Za-z0-9]+(_v[0-9])?(_pt(sz|ds))?\b' "$root/include/cuda.h" | sort -u |
        sed 's/.*/int &(void) { return 100; }/' >"$stubs/cuda.c"
    ${CC:-cc} -w -shared -fPIC -Wl,-soname,libcuda.so.1 -o "$stubs/libcuda.so.1" "$stubs/cuda.c"
    ln -s libcuda.so.1 "$stubs/libcuda.so"
fi

CUDA_HOME=$root
PATH=$root/bin:$PATH
CUDA_COMPUTE_CAP=${CUDA_COMPUTE_CAP:-80}
RUSTFLAGS="-L native=$lib -L native=$stubs ${RUSTFLAGS:-}"
export CUDA_HOME PATH CUDA_COMPUTE_CAP RUSTFLAGS
cargo build --release --features cuda "$@"
echo "to start it here: LD_LIBRARY_PATH=$lib:$stubs (the stub only where there is no driver)"
