// What surrounds the products of a residual block's second convolution: bias, the connection that skips both, ReLU, for
// several models at once.
//
// Frames lie as in conv.cu. blockIdx.y is the model; threads side by side take the columns of a row.

// Mark of an output that ReLU has cut off, or that is none: that of conv.cu, whose kernels take the way back.
#define RESIDUAL_CUT 255

// output[m][row][c] = relu(convolved + bias[m][c] + skip). Rows of no utterance are zeros. `skip` lies as the frames that
// go into the block; where models share them and there is no weight on its way, they share it too.
extern "C" __global__ void residual_sum(
    float *output, unsigned char *passed, const float *convolved, const float *bias, const float *skip,
    const int *utterance_of, const int *first, const int *convolved_first, const int *skip_first, int rows,
    int convolved_rows, int skip_rows, int channels, int skip_shared) {
    int row = blockIdx.x * blockDim.y + threadIdx.y;
    if (row >= rows) return;
    int u = utterance_of[row];
    size_t own = ((size_t)blockIdx.y * rows + row) * channels;
    if (u < 0) {
        for (int c = threadIdx.x; c < channels; c += blockDim.x) {
            output[own + c] = 0.0f;
            passed[own + c] = RESIDUAL_CUT;
        }
        return;
    }
    int t = row - first[u];
    const float *sum = convolved + ((size_t)blockIdx.y * convolved_rows + convolved_first[u] + t) * channels;
    const float *past = skip + ((skip_shared ? 0 : (size_t)blockIdx.y * skip_rows) + skip_first[u] + t) * channels;
    const float *added = bias + (size_t)blockIdx.y * channels;
    for (int c = threadIdx.x; c < channels; c += blockDim.x) {
        float value = sum[c] + added[c] + past[c];
        output[own + c] = value < 0.0f ? 0.0f : value;
        passed[own + c] = value > 0.0f ? 0 : RESIDUAL_CUT;
    }
}

// to[m][row][c] = the gradient where the output passed ReLU, in the place of the frames that go into the block; zeros
// in rows of no utterance, or with `adds`, added to what is there.
extern "C" __global__ void residual_skip_back(
    float *to, const float *grad, const unsigned char *passed, const int *utterance_of, const int *first,
    const int *grad_first, int rows, int grad_rows, int channels, int adds) {
    int row = blockIdx.x * blockDim.y + threadIdx.y;
    if (row >= rows) return;
    int u = utterance_of[row];
    size_t own = ((size_t)blockIdx.y * rows + row) * channels;
    if (u < 0) {
        if (!adds)
            for (int c = threadIdx.x; c < channels; c += blockDim.x) to[own + c] = 0.0f;
        return;
    }
    size_t from = ((size_t)blockIdx.y * grad_rows + grad_first[u] + (row - first[u])) * channels;
    for (int c = threadIdx.x; c < channels; c += blockDim.x) {
        float g = passed[from + c] != RESIDUAL_CUT ? grad[from + c] : 0.0f;
        to[own + c] = adds ? to[own + c] + g : g;
    }
}
