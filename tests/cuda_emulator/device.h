// The part of CUDA C++ that kernels may use, for a host compiler: a thread of the device is one call of the kernel.
//
// Left out on purpose: __shared__, __syncthreads and warp functions. Threads run one after another here, so a kernel
// that needs them would give other values than on a card; as it is, it does not compile.
#pragma once

#include <cfloat>
#include <climits>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <math.h>
#include <tuple>
#include <type_traits>
#include <utility>

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)

struct uint3 {
    unsigned int x, y, z;
};

struct dim3 {
    unsigned int x, y, z;
    constexpr dim3(unsigned int x = 1, unsigned int y = 1, unsigned int z = 1) : x(x), y(y), z(z) {}
};

// Host threads may launch kernels side by side, hence one set of indices each. __thread and this model, because a
// thread_local of another file costs a function call each time it is read.
#define EMULATED_INDEX extern __thread __attribute__((tls_model("initial-exec")))
EMULATED_INDEX uint3 threadIdx, blockIdx, blockDim, gridDim;

template <class T> constexpr T min(T a, T b) { return b < a ? b : a; }
template <class T> constexpr T max(T a, T b) { return a < b ? b : a; }
// As CUDA has them: the one that is a number wins.
inline float min(float a, float b) { return fminf(a, b); }
inline float max(float a, float b) { return fmaxf(a, b); }
inline double min(double a, double b) { return fmin(a, b); }
inline double max(double a, double b) { return fmax(a, b); }

inline float rsqrtf(float x) { return 1.0f / sqrtf(x); }
inline double rsqrt(double x) { return 1.0 / sqrt(x); }
inline float __expf(float x) { return expf(x); }
inline float __logf(float x) { return logf(x); }
inline float __fdividef(float a, float b) { return a / b; }
inline float __saturatef(float x) { return fminf(fmaxf(x, 0.0f), 1.0f); }

// Operations that the compiler of the device must not fuse; here none are (-ffp-contract=off).
inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fsub_rn(float a, float b) { return a - b; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline float __fsqrt_rn(float x) { return sqrtf(x); }
inline float __fmaf_rn(float a, float b, float c) { return fmaf(a, b, c); }
inline double __dadd_rn(double a, double b) { return a + b; }
inline double __dsub_rn(double a, double b) { return a - b; }
inline double __dmul_rn(double a, double b) { return a * b; }
inline double __ddiv_rn(double a, double b) { return a / b; }
inline double __dsqrt_rn(double x) { return sqrt(x); }
inline double __fma_rn(double a, double b, double c) { return fma(a, b, c); }

template <class To, class From> To emulated_bits(From from) {
    static_assert(sizeof(To) == sizeof(From), "same bits, same size");
    To to;
    memcpy(&to, &from, sizeof to);
    return to;
}
inline int __float_as_int(float x) { return emulated_bits<int>(x); }
inline unsigned int __float_as_uint(float x) { return emulated_bits<unsigned int>(x); }
inline float __int_as_float(int x) { return emulated_bits<float>(x); }
inline float __uint_as_float(unsigned int x) { return emulated_bits<float>(x); }
inline unsigned int __umulhi(unsigned int a, unsigned int b) { return (unsigned int)((uint64_t)a * b >> 32); }
inline int __popc(unsigned int x) { return __builtin_popcount(x); }
inline int __clz(int x) { return x ? __builtin_clz((unsigned int)x) : 32; }
template <class T> T __ldg(const T *from) { return *from; }

// Atomic among host threads too, since two of them may add to one place.
template <class T, class U> T atomicAdd(T *to, U more) {
    T before, after;
    __atomic_load(to, &before, __ATOMIC_RELAXED);
    do after = before + (T)more;
    while (!__atomic_compare_exchange(to, &before, &after, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    return before;
}

// Runs a kernel's threads; `params` points to its arguments, as cuLaunchKernel receives them.
using EmulatedLaunch = void (*)(void **params, dim3 grid, dim3 block);

// Called before main by what build.sh generates for each kernel.
void emulated_register(const char *name, EmulatedLaunch launch);

// Whether memory is another device's than that of the thread's context, which is then in an error state.
bool emulated_is_foreign(const void *at);

template <class T> T emulated_argument(const void *from) {
    std::remove_cv_t<T> value;
    memcpy(&value, from, sizeof value); // a caller's argument need not be aligned
    return value;
}

template <class T> bool emulated_is_foreign_argument(const void *from) {
    if constexpr (std::is_pointer_v<T>)
        return emulated_is_foreign((const void *)emulated_argument<T>(from));
    else
        return false;
}

// The kernel is a template argument so that it is inlined: most threads of a launch only compare and return.
template <auto kernel, class... Args, size_t... at>
void emulated_threads(
    void (*)(Args...), std::index_sequence<at...>, [[maybe_unused]] void **params, dim3 grid, dim3 block) {
    if ((emulated_is_foreign_argument<Args>(params[at]) || ...)) return;
    const std::tuple<Args...> args{emulated_argument<Args>(params[at])...};
    gridDim = {grid.x, grid.y, grid.z};
    blockDim = {block.x, block.y, block.z};
    for (blockIdx.z = 0; blockIdx.z < grid.z; blockIdx.z++)
        for (blockIdx.y = 0; blockIdx.y < grid.y; blockIdx.y++)
            for (blockIdx.x = 0; blockIdx.x < grid.x; blockIdx.x++)
                for (threadIdx.z = 0; threadIdx.z < block.z; threadIdx.z++)
                    for (threadIdx.y = 0; threadIdx.y < block.y; threadIdx.y++)
                        for (threadIdx.x = 0; threadIdx.x < block.x; threadIdx.x++) kernel(std::get<at>(args)...);
}

template <class... Args> constexpr std::index_sequence_for<Args...> emulated_places(void (*)(Args...)) { return {}; }

template <auto kernel> void emulated_launch(void **params, dim3 grid, dim3 block) {
    emulated_threads<kernel>(kernel, emulated_places(kernel), params, grid, block);
}

struct EmulatedKernel {
    EmulatedKernel(const char *name, EmulatedLaunch launch) { emulated_register(name, launch); }
};
#define EMULATED_KERNEL(name) const EmulatedKernel emulated_kernel_##name(#name, emulated_launch<name>);
