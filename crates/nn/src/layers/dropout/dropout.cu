// Dropout of frames [models, rows, width] by masks that are drawn before. blockIdx.y is the model.

// out[m][row][c] = x times the factor of its value; masks are [models, utterances, length], each utterance's frames
// from its first value on.
extern "C" __global__ void dropout_frames(
    float *out, const float *x, const float *masks, const int *utterance_of, const int *first, int utterances,
    int length, int rows, int width) {
    int row = blockIdx.x * blockDim.y + threadIdx.y;
    if (row >= rows) return;
    int u = utterance_of[row];
    size_t at = ((size_t)blockIdx.y * rows + row) * width;
    const float *by = masks + ((size_t)blockIdx.y * utterances + u) * length + (size_t)(row - first[u]) * width;
    for (int c = threadIdx.x; c < width; c += blockDim.x) out[at + c] = x[at + c] * by[c];
}
