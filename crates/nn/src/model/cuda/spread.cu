// Frames of utterances that lie closer together or further apart. blockIdx.y is the model.

// to[m][row] = the same frame of the same utterance of `from`; zeros in rows of no utterance (-1).
extern "C" __global__ void spread_rows(
    float *to, const float *from, const int *utterance_of, const int *first, const int *first_from, int rows,
    int rows_from, int width) {
    int row = blockIdx.x * blockDim.y + threadIdx.y;
    if (row >= rows) return;
    int u = utterance_of[row];
    float *own = to + ((size_t)blockIdx.y * rows + row) * width;
    if (u < 0) {
        for (int c = threadIdx.x; c < width; c += blockDim.x) own[c] = 0.0f;
        return;
    }
    const float *frame = from + ((size_t)blockIdx.y * rows_from + first_from[u] + (row - first[u])) * width;
    for (int c = threadIdx.x; c < width; c += blockDim.x) own[c] = frame[c];
}
