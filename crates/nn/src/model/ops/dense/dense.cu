// What surrounds the product of a fully connected layer: its bias and the sums over rows. blockIdx.y is the model.

// out[m][row][c] = bias[m][c]; the product is then added to it.
extern "C" __global__ void dense_bias(float *out, const float *bias, int rows, int columns) {
    int row = blockIdx.x * blockDim.y + threadIdx.y;
    if (row >= rows) return;
    for (int c = threadIdx.x; c < columns; c += blockDim.x)
        out[((size_t)blockIdx.y * rows + row) * columns + c] = bias[(size_t)blockIdx.y * columns + c];
}

// First stage of a sum over rows: partial[m][chunk][c] sums `chunk_rows` rows in their order.
extern "C" __global__ void column_partial(
    float *partial, const float *values, int rows, int columns, int chunks, int chunk_rows) {
    int chunk = blockIdx.x * blockDim.y + threadIdx.y;
    if (chunk >= chunks) return;
    int end = (chunk + 1) * chunk_rows < rows ? (chunk + 1) * chunk_rows : rows;
    for (int c = threadIdx.x; c < columns; c += blockDim.x) {
        float sum = 0.0f;
#pragma unroll 4
        for (int row = chunk * chunk_rows; row < end; row++)
            sum += values[((size_t)blockIdx.y * rows + row) * columns + c];
        partial[((size_t)blockIdx.y * chunks + chunk) * columns + c] = sum;
    }
}

// Second stage: adds the chunks in their order to sums[m][c].
extern "C" __global__ void column_total(float *sums, const float *partial, int columns, int chunks) {
    int c = blockIdx.x * blockDim.x + threadIdx.x;
    if (c >= columns) return;
    float sum = 0.0f;
    for (int chunk = 0; chunk < chunks; chunk++)
        sum += partial[((size_t)blockIdx.y * chunks + chunk) * columns + c];
    sums[(size_t)blockIdx.y * columns + c] += sum;
}

// sums[m][i] += partial[m][part][i], part after part; sums of one model begin `stride` values after those before.
extern "C" __global__ void add_parts(float *sums, const float *partial, int length, int parts, size_t stride) {
    int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= length) return;
    const float *from = partial + (size_t)blockIdx.y * parts * length + at;
    float sum = 0.0f;
#pragma unroll 4
    for (int part = 0; part < parts; part++) sum += from[(size_t)part * length];
    sums[blockIdx.y * stride + at] += sum;
}
