// The frame of penalties on how the embeddings of groups of utterances differ: what every pair of rows adds to them, summed.
// blockIdx.y is the model.

// losses[m][row] = sum of the row's values [models, rows, rows], in their order.
extern "C" __global__ void penalty_rows(double *losses, const double *values, int rows) {
    int row = blockIdx.x * blockDim.x + threadIdx.x;
    if (row >= rows) return;
    size_t own = (size_t)blockIdx.y * rows + row;
    double sum = 0.0;
    for (int other = 0; other < rows; other++) sum += values[own * rows + other];
    losses[own] = sum;
}

// slopes[m][row][c] = sum of factors[m][row][other] x[m][other][c] over rows of a group; rows of none receive nothing.
extern "C" __global__ void penalty_slopes(
    float *slopes, const double *factors, const float *x, const int *groups, int rows, int width) {
    int row = blockIdx.x * blockDim.y + threadIdx.y;
    if (row >= rows) return;
    size_t first = (size_t)blockIdx.y * rows, own = first + row;
    for (int c = threadIdx.x; c < width; c += blockDim.x) {
        double sum = 0.0;
        for (int other = 0; groups[own] >= 0 && other < rows; other++)
            if (groups[first + other] >= 0) sum += factors[own * rows + other] * x[(first + other) * width + c];
        slopes[own * width + c] = (float)sum;
    }
}
