// The single-precision matrix products of cuBLAS on the processor, in an order of additions that never changes.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <vector>

#define API extern "C" __attribute__((visibility("default")))

// Of the emulated driver: 0, or the CUDA error that every call gives from then on.
extern "C" int emulated_cuda_error();
extern "C" int emulated_cuda_enqueue(void *stream);
extern "C" int emulated_cuda_access(const char *what, const void *at, size_t bytes);

namespace {

using Status = int;

enum : Status {
    SUCCESS = 0,
    NOT_INITIALIZED = 1,
    INVALID_VALUE = 7,
    EXECUTION_FAILED = 13,
    NOT_SUPPORTED = 15,
};

enum : int { OP_N = 0, OP_T = 1, OP_C = 2 };

struct Handle {
    void *stream = nullptr;
    int math = 0, atomics = 0, pointers = 0;
};

// As stored, column by column.
struct Matrix {
    const float *values;
    bool transposed;
    size_t lead;

    float at(size_t row, size_t column) const {
        return transposed ? values[row * lead + column] : values[column * lead + row];
    }
};

// A tile of the product is kept in registers: TALL rows in vectors of LANES, and WIDE columns.
constexpr size_t LANES = 8, VECTORS = 2, TALL = LANES * VECTORS, WIDE = 4;
typedef float Lanes __attribute__((vector_size(LANES * sizeof(float))));

// A machine with AVX2 uses it. Fused multiply-add is left out, so that every machine gives the same bits. The sanitizer
// is not ready yet when the choice between the two is made.
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
#define FAST __attribute__((target_clones("avx2", "default")))
#else
#define FAST
#endif

// tile[column][row] = sum over k of left[k][row] * right[k][column], in the order of k.
FAST void multiply_tile(float *tile, const float *left, const float *right, size_t depth) {
    Lanes sums[WIDE][VECTORS] = {};
    for (size_t k = 0; k < depth; k++, left += TALL, right += WIDE)
        for (size_t column = 0; column < WIDE; column++)
            for (size_t v = 0; v < VECTORS; v++) {
                Lanes part;
                __builtin_memcpy(&part, left + v * LANES, sizeof part);
                sums[column][v] += part * right[column];
            }
    __builtin_memcpy(tile, sums, sizeof sums);
}

// Gathers strips of `strip` rows, or columns, so that a tile reads its operands in sequence; zeros past the end.
template <class At> void pack(std::vector<float> &packed, size_t count, size_t depth, size_t strip, At at) {
    size_t strips = (count + strip - 1) / strip;
    packed.resize(strips * depth * strip);
    float *to = packed.data();
    for (size_t s = 0; s < strips; s++)
        for (size_t k = 0; k < depth; k++)
            for (size_t i = s * strip; i < (s + 1) * strip; i++) *to++ = i < count ? at(i, k) : 0.0f;
}

void multiply(
    size_t m, size_t n, size_t k, float alpha, const Matrix &a, const Matrix &b, float beta, float *c, size_t lead) {
    thread_local std::vector<float> left, right;
    if (alpha == 0.0f) k = 0; // a and b are not read then
    pack(left, m, k, TALL, [&](size_t row, size_t inner) { return a.at(row, inner); });
    pack(right, n, k, WIDE, [&](size_t column, size_t inner) { return b.at(inner, column); });
    float tile[WIDE * TALL];
    for (size_t column = 0; column < n; column += WIDE)
        for (size_t row = 0; row < m; row += TALL) {
            multiply_tile(tile, left.data() + row * k, right.data() + column * k, k);
            for (size_t j = 0; j < WIDE && column + j < n; j++)
                for (size_t i = 0; i < TALL && row + i < m; i++) {
                    float &out = c[(column + j) * lead + row + i];
                    float sum = alpha * tile[j * TALL + i];
                    out = beta == 0.0f ? sum : sum + beta * out; // c may hold anything where beta is 0
                }
        }
}

bool is_operation(int op) { return op == OP_N || op == OP_T || op == OP_C; }

// Whether the matrices of a batch lie within one allocation.
bool reachable(
    const char *what, const float *values, size_t rows, size_t columns, size_t lead, long long stride, int batch) {
    const float *last = values + stride * (batch - 1);
    const float *low = last < values ? last : values, *high = last < values ? values : last;
    size_t own = (columns - 1) * lead + rows;
    return !emulated_cuda_access(what, low, (high - low + own) * sizeof(float));
}

Status product(
    const Handle *handle, int op_a, int op_b, int m, int n, int k, const float *alpha, const float *a, int lda,
    long long stride_a, const float *b, int ldb, long long stride_b, const float *beta, float *c, int ldc,
    long long stride_c, int batch) {
    if (!handle) return NOT_INITIALIZED;
    auto at_least = [](int lead, int rows) { return lead >= (rows > 1 ? rows : 1); };
    if (m < 0 || n < 0 || k < 0 || batch < 0 || !is_operation(op_a) || !is_operation(op_b)) return INVALID_VALUE;
    int rows_a = op_a == OP_N ? m : k, rows_b = op_b == OP_N ? k : n;
    if (!at_least(lda, rows_a) || !at_least(ldb, rows_b) || !at_least(ldc, m)) return INVALID_VALUE;
    if (emulated_cuda_enqueue(handle->stream)) return EXECUTION_FAILED;
    if (!m || !n || !batch) return SUCCESS;
    if (!alpha || !beta) return INVALID_VALUE;
    if (batch > 1 && !stride_c) {
        fprintf(stderr, "emulated CUDA: all products of a batch are written to one place\n");
        return INVALID_VALUE;
    }
    if (k && *alpha != 0.0f) {
        int columns_a = op_a == OP_N ? k : m, columns_b = op_b == OP_N ? n : k;
        if (!reachable("a product reads a", a, rows_a, columns_a, lda, stride_a, batch)) return EXECUTION_FAILED;
        if (!reachable("a product reads b", b, rows_b, columns_b, ldb, stride_b, batch)) return EXECUTION_FAILED;
    }
    if (!reachable("a product writes c", c, m, n, ldc, stride_c, batch)) return EXECUTION_FAILED;
    for (int i = 0; i < batch; i++)
        multiply(
            m, n, k, *alpha, {a + i * stride_a, op_a != OP_N, (size_t)lda},
            {b + i * stride_b, op_b != OP_N, (size_t)ldb}, *beta, c + i * stride_c, ldc);
    return SUCCESS;
}

// Whether a product of given types is the one above: all single precision.
bool is_single(int type_a, int type_b, int type_c, int compute) {
    const int REAL_32 = 0, COMPUTE_32 = 68, COMPUTE_32_PEDANTIC = 69;
    return type_a == REAL_32 && type_b == REAL_32 && type_c == REAL_32 &&
           (compute == COMPUTE_32 || compute == COMPUTE_32_PEDANTIC);
}

Status set(Handle *handle, int Handle::*field, int value) {
    if (!handle) return NOT_INITIALIZED;
    handle->*field = value;
    return SUCCESS;
}

Status get(const Handle *handle, int Handle::*field, int *value) {
    if (!handle) return NOT_INITIALIZED;
    if (!value) return INVALID_VALUE;
    *value = handle->*field;
    return SUCCESS;
}

} // namespace

API Status cublasCreate_v2(Handle **handle) {
    if (!handle) return INVALID_VALUE;
    if (emulated_cuda_error()) return NOT_INITIALIZED;
    *handle = new Handle;
    return SUCCESS;
}

API Status cublasDestroy_v2(Handle *handle) {
    if (!handle) return NOT_INITIALIZED;
    delete handle;
    return SUCCESS;
}

API Status cublasGetVersion_v2(Handle *, int *version) {
    if (!version) return INVALID_VALUE;
    *version = 130000;
    return SUCCESS;
}

API Status cublasSetStream_v2(Handle *handle, void *stream) {
    if (!handle) return NOT_INITIALIZED;
    handle->stream = stream;
    return SUCCESS;
}

API Status cublasGetStream_v2(Handle *handle, void **stream) {
    if (!handle) return NOT_INITIALIZED;
    *stream = handle->stream;
    return SUCCESS;
}

API Status cublasSetWorkspace_v2(Handle *handle, void *, size_t) { return handle ? SUCCESS : NOT_INITIALIZED; }

// Kept, without effect: products are exact single precision in every mode.
API Status cublasSetMathMode(Handle *handle, int mode) { return set(handle, &Handle::math, mode); }
API Status cublasGetMathMode(Handle *handle, int *mode) { return get(handle, &Handle::math, mode); }
API Status cublasSetAtomicsMode(Handle *handle, int mode) { return set(handle, &Handle::atomics, mode); }
API Status cublasGetAtomicsMode(Handle *handle, int *mode) { return get(handle, &Handle::atomics, mode); }
API Status cublasSetPointerMode_v2(Handle *handle, int mode) { return set(handle, &Handle::pointers, mode); }
API Status cublasGetPointerMode_v2(Handle *handle, int *mode) { return get(handle, &Handle::pointers, mode); }

API Status cublasSgemm_v2(
    Handle *handle, int op_a, int op_b, int m, int n, int k, const float *alpha, const float *a, int lda,
    const float *b, int ldb, const float *beta, float *c, int ldc) {
    return product(handle, op_a, op_b, m, n, k, alpha, a, lda, 0, b, ldb, 0, beta, c, ldc, 0, 1);
}

API Status cublasSgemmStridedBatched(
    Handle *handle, int op_a, int op_b, int m, int n, int k, const float *alpha, const float *a, int lda,
    long long stride_a, const float *b, int ldb, long long stride_b, const float *beta, float *c, int ldc,
    long long stride_c, int batch) {
    return product(
        handle, op_a, op_b, m, n, k, alpha, a, lda, stride_a, b, ldb, stride_b, beta, c, ldc, stride_c, batch);
}

API Status cublasGemmEx(
    Handle *handle, int op_a, int op_b, int m, int n, int k, const void *alpha, const void *a, int type_a, int lda,
    const void *b, int type_b, int ldb, const void *beta, void *c, int type_c, int ldc, int compute, int) {
    if (!is_single(type_a, type_b, type_c, compute)) return NOT_SUPPORTED;
    return cublasSgemm_v2(
        handle, op_a, op_b, m, n, k, (const float *)alpha, (const float *)a, lda, (const float *)b, ldb,
        (const float *)beta, (float *)c, ldc);
}

API Status cublasGemmStridedBatchedEx(
    Handle *handle, int op_a, int op_b, int m, int n, int k, const void *alpha, const void *a, int type_a, int lda,
    long long stride_a, const void *b, int type_b, int ldb, long long stride_b, const void *beta, void *c, int type_c,
    int ldc, long long stride_c, int batch, int compute, int) {
    if (!is_single(type_a, type_b, type_c, compute)) return NOT_SUPPORTED;
    return cublasSgemmStridedBatched(
        handle, op_a, op_b, m, n, k, (const float *)alpha, (const float *)a, lda, stride_a, (const float *)b, ldb,
        stride_b, (const float *)beta, (float *)c, ldc, stride_c, batch);
}
