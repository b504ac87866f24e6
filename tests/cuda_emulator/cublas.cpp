// The single-precision matrix products of cuBLAS and cublasLt on the processor.
//
// As on a card there are several algorithms, which add in different orders and so give other last digits, and which of
// them is taken depends on all sizes, that of the batch included.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#define API extern "C" __attribute__((visibility("default")))

// Of the emulated driver: 0, or the CUDA error that every call gives from then on.
extern "C" int emulated_cuda_error();
extern "C" const void *emulated_cuda_context();
extern "C" int emulated_cuda_enqueue(void *stream);
extern "C" int emulated_cuda_access(const char *what, const void *at, size_t bytes);
extern "C" void emulated_cuda_count_product(bool refused);

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

// Of the context that was current when it was made.
struct Handle {
    void *stream = nullptr;
    int math = 0, atomics = 0, pointers = 0;
    const void *context = emulated_cuda_context();

    bool is_elsewhere() const { return context != emulated_cuda_context(); }
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

// tile[column][row] = sum over k of left[k][row] * right[k][column], in the order of k from `first` on.
FAST void multiply_tile(float *tile, const float *left, const float *right, size_t depth, size_t first) {
    Lanes sums[WIDE][VECTORS] = {};
    for (size_t count = 0, k = first; count < depth; count++, k = k + 1 == depth ? 0 : k + 1)
        for (size_t column = 0; column < WIDE; column++)
            for (size_t v = 0; v < VECTORS; v++) {
                Lanes part;
                __builtin_memcpy(&part, left + k * TALL + v * LANES, sizeof part);
                sums[column][v] += part * right[k * WIDE + column];
            }
    __builtin_memcpy(tile, sums, sizeof sums);
}

// Algorithm number n of ALGORITHMS begins at the n-th part of the inner size.
constexpr unsigned ALGORITHMS = 5;

// Which one is the fastest, they say.
unsigned fastest(size_t m, size_t n, size_t k, size_t batch, unsigned alignment) {
    return (m * 7 + n * 5 + k * 3 + batch + alignment / 16) % ALGORITHMS;
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
    unsigned algorithm, size_t m, size_t n, size_t k, float alpha, const Matrix &a, const Matrix &b, float beta, float *c,
    size_t lead) {
    thread_local std::vector<float> left, right;
    if (alpha == 0.0f) k = 0; // a and b are not read then
    pack(left, m, k, TALL, [&](size_t row, size_t inner) { return a.at(row, inner); });
    pack(right, n, k, WIDE, [&](size_t column, size_t inner) { return b.at(inner, column); });
    float tile[WIDE * TALL];
    for (size_t column = 0; column < n; column += WIDE)
        for (size_t row = 0; row < m; row += TALL) {
            multiply_tile(tile, left.data() + row * k, right.data() + column * k, k, k * algorithm / ALGORITHMS);
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
    unsigned algorithm, void *stream, int op_a, int op_b, int m, int n, int k, const float *alpha, const float *a, int lda,
    long long stride_a, const float *b, int ldb, long long stride_b, const float *beta, float *c, int ldc,
    long long stride_c, int batch) {
    auto at_least = [](int lead, int rows) { return lead >= (rows > 1 ? rows : 1); };
    if (m < 0 || n < 0 || k < 0 || batch < 0 || !is_operation(op_a) || !is_operation(op_b)) return INVALID_VALUE;
    int rows_a = op_a == OP_N ? m : k, rows_b = op_b == OP_N ? k : n;
    if (!at_least(lda, rows_a) || !at_least(ldb, rows_b) || !at_least(ldc, m)) return INVALID_VALUE;
    if (emulated_cuda_enqueue(stream)) return EXECUTION_FAILED;
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
            algorithm, m, n, k, *alpha, {a + i * stride_a, op_a != OP_N, (size_t)lda},
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

API Status cublasSetWorkspace_v2(Handle *handle, void *workspace, size_t bytes) {
    if (!handle) return NOT_INITIALIZED;
    return emulated_cuda_access("a workspace is given", workspace, bytes) ? EXECUTION_FAILED : SUCCESS;
}

// Kept, without effect: products are exact single precision in every mode.
API Status cublasSetMathMode(Handle *handle, int mode) { return set(handle, &Handle::math, mode); }
API Status cublasGetMathMode(Handle *handle, int *mode) { return get(handle, &Handle::math, mode); }
API Status cublasSetAtomicsMode(Handle *handle, int mode) { return set(handle, &Handle::atomics, mode); }
API Status cublasGetAtomicsMode(Handle *handle, int *mode) { return get(handle, &Handle::atomics, mode); }
API Status cublasSetPointerMode_v2(Handle *handle, int mode) { return set(handle, &Handle::pointers, mode); }
API Status cublasGetPointerMode_v2(Handle *handle, int *mode) { return get(handle, &Handle::pointers, mode); }

API Status cublasSgemmStridedBatched(
    Handle *handle, int op_a, int op_b, int m, int n, int k, const float *alpha, const float *a, int lda,
    long long stride_a, const float *b, int ldb, long long stride_b, const float *beta, float *c, int ldc,
    long long stride_c, int batch) {
    if (!handle || handle->is_elsewhere()) return NOT_INITIALIZED;
    emulated_cuda_count_product(false);
    return product(
        fastest(m, n, k, batch, 16), handle->stream, op_a, op_b, m, n, k, alpha, a, lda, stride_a, b, ldb, stride_b, beta,
        c, ldc, stride_c, batch);
}

API Status cublasSgemm_v2(
    Handle *handle, int op_a, int op_b, int m, int n, int k, const float *alpha, const float *a, int lda,
    const float *b, int ldb, const float *beta, float *c, int ldc) {
    return cublasSgemmStridedBatched(handle, op_a, op_b, m, n, k, alpha, a, lda, 0, b, ldb, 0, beta, c, ldc, 0, 1);
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

// cublasLt: the caller asks for algorithms and hands over the one it takes.

namespace {

enum : int { LAYOUT_BATCH = 5, LAYOUT_STRIDE = 6 };
enum : int { DESC_OF_A = 3, DESC_OF_B = 4 };
enum : int { WANTED_WORKSPACE = 1, WANTED_REDUCTION = 3, WANTED_ALIGNMENT_A = 5, WANTED_ALIGNMENT_D = 8 };

struct Layout {
    unsigned long long rows, columns;
    long long lead;
    int batch = 1;
    long long stride = 0;
};

struct Desc {
    int compute;
    int op_a = OP_N, op_b = OP_N;
};

struct Wanted {
    unsigned long long workspace = 0;
    unsigned reduction = 7;
    unsigned alignment[4] = {256, 256, 256, 256};
};

// What a program keeps of an algorithm.
struct Algorithm {
    unsigned number, alignment[4];
    int compute, op_a, op_b;
    unsigned workspace; // bytes
    char rest[28];
};
static_assert(sizeof(Algorithm) == 64, "as cublasLtMatmulAlgo_t");

struct Found {
    Algorithm algorithm;
    size_t workspace;
    int state;
    float waves;
    int reserved[4];
};
static_assert(sizeof(Found) == 96, "as cublasLtMatmulHeuristicResult_t");

template <class T> Status take(T *to, const void *from, size_t bytes) {
    if (!from || bytes != sizeof(T)) return INVALID_VALUE;
    __builtin_memcpy(to, from, sizeof(T));
    return SUCCESS;
}

// Sizes of the product that layouts describe; false where they do not fit together.
struct Sizes {
    unsigned long long m, n, k;

    bool of(const Desc &desc, const Layout &a, const Layout &b, const Layout &d) {
        m = d.rows, n = d.columns, k = desc.op_a == OP_N ? a.columns : a.rows;
        bool fit = (desc.op_a == OP_N ? a.rows : a.columns) == m && (desc.op_b == OP_N ? b.rows : b.columns) == k &&
                   (desc.op_b == OP_N ? b.columns : b.rows) == n;
        return fit && a.batch == d.batch && b.batch == d.batch;
    }
};

// What algorithms use beside the matrices, at most; what they leave there is not a number.
constexpr unsigned MOST_WORKSPACE = 4096;

// Which algorithms there are: none ("0"), or such as are chosen and then refused ("refused").
bool algorithms_are(const char *setting) {
    const char *given = getenv("EMULATED_CUDA_ALGORITHMS");
    return given && !strcmp(given, setting);
}

bool is_aligned(const void *start, const Layout &layout, unsigned bytes) {
    auto multiple = [&](unsigned long long of) { return of % bytes == 0; };
    return multiple((uintptr_t)start) && multiple(layout.lead * sizeof(float)) &&
           multiple(layout.stride * sizeof(float));
}

} // namespace

API Status cublasLtCreate(Handle **handle) { return cublasCreate_v2(handle); }
API Status cublasLtDestroy(Handle *handle) { return cublasDestroy_v2(handle); }

API Status cublasLtMatrixLayoutCreate(
    Layout **layout, int type, unsigned long long rows, unsigned long long columns, long long lead) {
    if (!layout || type != 0 || lead < (long long)rows) return INVALID_VALUE;
    *layout = new Layout{rows, columns, lead};
    return SUCCESS;
}

API Status cublasLtMatrixLayoutDestroy(Layout *layout) {
    delete layout;
    return SUCCESS;
}

API Status cublasLtMatrixLayoutSetAttribute(Layout *layout, int attribute, const void *from, size_t bytes) {
    if (!layout) return INVALID_VALUE;
    switch (attribute) {
        case LAYOUT_BATCH: return take(&layout->batch, from, bytes);
        case LAYOUT_STRIDE: return take(&layout->stride, from, bytes);
    }
    return INVALID_VALUE;
}

API Status cublasLtMatmulDescCreate(Desc **desc, int compute, int scale) {
    const int COMPUTE_32 = 68, COMPUTE_32_FAST_TF32 = 77;
    if (!desc || scale != 0 || (compute != COMPUTE_32 && compute != COMPUTE_32_FAST_TF32)) return INVALID_VALUE;
    *desc = new Desc{compute};
    return SUCCESS;
}

API Status cublasLtMatmulDescDestroy(Desc *desc) {
    delete desc;
    return SUCCESS;
}

API Status cublasLtMatmulDescSetAttribute(Desc *desc, int attribute, const void *from, size_t bytes) {
    if (!desc) return INVALID_VALUE;
    switch (attribute) {
        case DESC_OF_A: return take(&desc->op_a, from, bytes);
        case DESC_OF_B: return take(&desc->op_b, from, bytes);
    }
    return INVALID_VALUE;
}

API Status cublasLtMatmulPreferenceCreate(Wanted **wanted) {
    if (!wanted) return INVALID_VALUE;
    *wanted = new Wanted;
    return SUCCESS;
}

API Status cublasLtMatmulPreferenceDestroy(Wanted *wanted) {
    delete wanted;
    return SUCCESS;
}

API Status cublasLtMatmulPreferenceSetAttribute(Wanted *wanted, int attribute, const void *from, size_t bytes) {
    if (!wanted) return INVALID_VALUE;
    if (attribute >= WANTED_ALIGNMENT_A && attribute <= WANTED_ALIGNMENT_D)
        return take(&wanted->alignment[attribute - WANTED_ALIGNMENT_A], from, bytes);
    switch (attribute) {
        case WANTED_WORKSPACE: return take(&wanted->workspace, from, bytes);
        case WANTED_REDUCTION: return take(&wanted->reduction, from, bytes);
    }
    return INVALID_VALUE;
}

API Status cublasLtMatmulAlgoGetHeuristic(
    Handle *handle, const Desc *desc, const Layout *a, const Layout *b, const Layout *c, const Layout *d,
    const Wanted *wanted, int room, Found *found, int *count) {
    Sizes sizes;
    if (!handle) return NOT_INITIALIZED;
    if (!desc || !a || !b || !c || !d || !wanted || room < 1 || !found || !count) return INVALID_VALUE;
    if (!sizes.of(*desc, *a, *b, *d)) return INVALID_VALUE;
    // Parts that are added afterwards: what comes of them depends on more than the algorithm.
    if (wanted->reduction != 0) return NOT_SUPPORTED;
    if (algorithms_are("0")) return NOT_SUPPORTED;
    *count = 0;
    for (const Layout *layout : {a, b, d})
        if (!is_aligned(nullptr, *layout, sizeof(float))) return SUCCESS;
    unsigned least = wanted->alignment[0];
    for (unsigned alignment : wanted->alignment) least = alignment < least ? alignment : least;
    *found = {};
    found->algorithm.number = fastest(sizes.m, sizes.n, sizes.k, d->batch, least);
    for (int i = 0; i < 4; i++) found->algorithm.alignment[i] = wanted->alignment[i];
    found->algorithm.compute = desc->compute;
    found->algorithm.op_a = desc->op_a;
    found->algorithm.op_b = desc->op_b;
    found->algorithm.workspace = wanted->workspace < MOST_WORKSPACE ? (unsigned)wanted->workspace : MOST_WORKSPACE;
    found->workspace = found->algorithm.workspace;
    *count = 1;
    return SUCCESS;
}

API Status cublasLtMatmul(
    Handle *handle, const Desc *desc, const float *alpha, const float *a, const Layout *of_a, const float *b,
    const Layout *of_b, const float *beta, const float *c, const Layout *of_c, float *d, const Layout *of_d,
    const Algorithm *algorithm, void *workspace, size_t workspace_bytes, void *stream) {
    Sizes sizes;
    if (!handle || handle->is_elsewhere()) return NOT_INITIALIZED;
    if (!desc || !of_a || !of_b || !of_c || !of_d || !algorithm || c != d) return INVALID_VALUE;
    if (!sizes.of(*desc, *of_a, *of_b, *of_d)) return INVALID_VALUE;
    bool own = algorithm->compute == desc->compute && algorithm->op_a == desc->op_a && algorithm->op_b == desc->op_b;
    const unsigned *alignment = algorithm->alignment;
    if (!own || !is_aligned(a, *of_a, alignment[0]) || !is_aligned(b, *of_b, alignment[1]) ||
        !is_aligned(c, *of_c, alignment[2]) || !is_aligned(d, *of_d, alignment[3]))
        return NOT_SUPPORTED;
    bool refused = algorithms_are("refused");
    emulated_cuda_count_product(refused);
    if (refused) return NOT_SUPPORTED;
    if (workspace_bytes < algorithm->workspace) return INVALID_VALUE;
    if (algorithm->workspace) {
        if (emulated_cuda_access("a product uses a workspace", workspace, algorithm->workspace)) return EXECUTION_FAILED;
        memset(workspace, 0xff, algorithm->workspace);
    }
    return product(
        algorithm->number, stream, desc->op_a, desc->op_b, (int)sizes.m, (int)sizes.n, (int)sizes.k, alpha, a,
        (int)of_a->lead, of_a->stride, b, (int)of_b->lead, of_b->stride, beta, d, (int)of_d->lead, of_d->stride,
        of_d->batch);
}
