// Convolution over time as patches and a matrix product, then max-pooling, bias and ReLU, for several models at once.
//
// Frames are channels-last and packed without gaps: [models, frames, channels]. Tables of the batch say for each row
// which utterance it belongs to, and for each utterance where its frames begin before the convolution, after it and
// after pooling. blockIdx.y is the model. Every value is written by one thread, so results are the same bits each time.

// Mark of an output that ReLU has cut off.
#define CUT 255

// patches[m][row][k * channels + c] = frames[m][t + k - padding][c], zero outside of the utterance.
extern "C" __global__ void conv_patches(
    float *patches, const float *frames, const int *utterance_of, const int *frames_first, const int *convolved_first,
    const int *frames_count, int rows, int frames_all, int width, int channels, int padding) {
    size_t at = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
    size_t length = (size_t)rows * width * channels;
    if (at >= length) return;
    int c = at % channels;
    int k = at / channels % width;
    int row = at / ((size_t)channels * width);
    int u = utterance_of[row];
    int t = row - convolved_first[u] + k - padding;
    float value = 0.0f;
    if (t >= 0 && t < frames_count[u])
        value = frames[((size_t)blockIdx.y * frames_all + frames_first[u] + t) * channels + c];
    patches[blockIdx.y * length + at] = value;
}

// The transpose of conv_patches: grad_frames[m][f][c] is the sum over the taps that saw this frame.
extern "C" __global__ void conv_patches_back(
    float *grad_frames, const float *grad_patches, const int *utterance_of, const int *frames_first,
    const int *convolved_first, const int *convolved_count, int rows, int frames_all, int width, int channels,
    int padding) {
    size_t at = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
    size_t length = (size_t)frames_all * channels;
    if (at >= length) return;
    int c = at % channels;
    int frame = at / channels;
    int u = utterance_of[frame];
    int f = frame - frames_first[u];
    const float *own = grad_patches + (size_t)blockIdx.y * rows * width * channels;
    float sum = 0.0f;
    for (int k = 0; k < width; k++) {
        int t = f + padding - k;
        if (t >= 0 && t < convolved_count[u])
            sum += own[((size_t)(convolved_first[u] + t) * width + k) * channels + c];
    }
    grad_frames[blockIdx.y * length + at] = sum;
}

// output[m][row][c] = relu(max over the window of convolved + bias[m][c]); the first maximum wins, NaN stays NaN.
extern "C" __global__ void conv_pool(
    float *output, unsigned char *arg_max, const float *convolved, const float *bias, const int *utterance_of,
    const int *pooled_first, const int *convolved_first, int rows, int convolved_rows, int channels, int width,
    int stride) {
    size_t at = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
    size_t length = (size_t)rows * channels;
    if (at >= length) return;
    int c = at % channels;
    int row = at / channels;
    int u = utterance_of[row];
    int first = convolved_first[u] + (row - pooled_first[u]) * stride;
    const float *window = convolved + ((size_t)blockIdx.y * convolved_rows + first) * channels + c;
    float best = window[0];
    int place = 0;
    for (int k = 1; k < width; k++) {
        float value = window[(size_t)k * channels];
        if (value > best || value != value) {
            best = value;
            place = k;
        }
    }
    float value = best + bias[(size_t)blockIdx.y * channels + c];
    output[blockIdx.y * length + at] = value < 0.0f ? 0.0f : value;
    arg_max[blockIdx.y * length + at] = value > 0.0f ? place : CUT;
}

// grad_convolved[m][row][c]: the gradients of the windows whose maximum this frame was.
extern "C" __global__ void conv_pool_back(
    float *grad_convolved, const float *grad_output, const unsigned char *arg_max, const int *utterance_of,
    const int *pooled_first, const int *pooled_count, const int *convolved_first, int pooled_rows, int rows,
    int channels, int width, int stride) {
    size_t at = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
    size_t length = (size_t)rows * channels;
    if (at >= length) return;
    int c = at % channels;
    int row = at / channels;
    int u = utterance_of[row];
    int t = row - convolved_first[u];
    size_t own = (size_t)blockIdx.y * pooled_rows + pooled_first[u];
    int last = t / stride;
    if (last >= pooled_count[u]) last = pooled_count[u] - 1;
    float sum = 0.0f;
    for (int p = last; p >= 0 && t - p * stride < width; p--) {
        size_t from = (own + p) * channels + c;
        if (arg_max[from] == t - p * stride) sum += grad_output[from];
    }
    grad_convolved[blockIdx.y * length + at] = sum;
}

// First stage of the bias gradient: partial[m][chunk][c] sums grad_output over `chunk_rows` pooled rows.
extern "C" __global__ void conv_bias_partial(
    float *partial, const float *grad_output, const unsigned char *arg_max, int rows, int channels, int chunks,
    int chunk_rows) {
    int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= chunks * channels) return;
    int c = at % channels;
    int chunk = at / channels;
    int end = (chunk + 1) * chunk_rows < rows ? (chunk + 1) * chunk_rows : rows;
    float sum = 0.0f;
    for (int row = chunk * chunk_rows; row < end; row++) {
        size_t from = ((size_t)blockIdx.y * rows + row) * channels + c;
        if (arg_max[from] != CUT) sum += grad_output[from];
    }
    partial[(size_t)blockIdx.y * chunks * channels + at] = sum;
}
