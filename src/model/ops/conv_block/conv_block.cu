// Convolution over time as patches and a matrix product, then max-pooling, bias and ReLU, for several models at once.
//
// Frames are channels-last and packed without gaps: [models, frames, channels]. Tables of the batch say for each row
// which utterance it belongs to, and for each utterance where its frames begin before the convolution, after it and
// after pooling. blockIdx.y is the model. Threads side by side take the columns of a row, so that nothing is divided.
// Every value is written by one thread, so results are the same bits each time.

// Mark of an output that ReLU has cut off.
#define CUT 255

// patches[m][row][k * channels + c] = frames[m][t + k - padding][c], zero outside of the utterance.
//
// As frames are channels-last, that is one stretch of memory, cut where the utterance begins and ends.
extern "C" __global__ void conv_patches(
    float *patches, const float *frames, const int *utterance_of, const int *frames_first, const int *convolved_first,
    const int *frames_count, int rows, int frames_all, int width, int channels, int padding) {
    int row = blockIdx.x * blockDim.y + threadIdx.y;
    if (row >= rows) return;
    int u = utterance_of[row];
    int t = row - convolved_first[u] - padding;
    int begin = -t * channels;
    int end = (frames_count[u] - t) * channels;
    int window = width * channels;
    const float *from = frames + ((long long)blockIdx.y * frames_all + frames_first[u] + t) * channels;
    float *to = patches + ((size_t)blockIdx.y * rows + row) * window;
#pragma unroll 4
    for (int at = threadIdx.x; at < window; at += blockDim.x) to[at] = at >= begin && at < end ? from[at] : 0.0f;
}

// The transpose of conv_patches: grad_frames[m][f][c] is the sum over the taps that saw this frame.
extern "C" __global__ void conv_patches_back(
    float *grad_frames, const float *grad_patches, const int *utterance_of, const int *frames_first,
    const int *convolved_first, const int *convolved_count, int rows, int frames_all, int width, int channels,
    int padding) {
    int frame = blockIdx.x * blockDim.y + threadIdx.y;
    if (frame >= frames_all) return;
    int u = utterance_of[frame];
    // Tap k saw it at time t - k.
    int t = frame - frames_first[u] + padding;
    int first = t < convolved_count[u] ? 0 : t - convolved_count[u] + 1;
    int last = t < width ? t : width - 1;
    const float *from = grad_patches + ((size_t)blockIdx.y * rows + convolved_first[u] + t) * width * channels;
    long long step = (long long)(width - 1) * channels;
    float *to = grad_frames + ((size_t)blockIdx.y * frames_all + frame) * channels;
    for (int c = threadIdx.x; c < channels; c += blockDim.x) {
        float sum = 0.0f;
#pragma unroll 5
        for (int k = first; k <= last; k++) sum += from[c - k * step];
        to[c] = sum;
    }
}

// output[m][row][c] = relu(max over the window of convolved + bias[m][c]); the first maximum wins, NaN stays NaN.
extern "C" __global__ void conv_pool(
    float *output, unsigned char *arg_max, const float *convolved, const float *bias, const int *utterance_of,
    const int *pooled_first, const int *convolved_first, int rows, int convolved_rows, int channels, int width,
    int stride) {
    int row = blockIdx.x * blockDim.y + threadIdx.y;
    if (row >= rows) return;
    int u = utterance_of[row];
    int first = convolved_first[u] + (row - pooled_first[u]) * stride;
    const float *window = convolved + ((size_t)blockIdx.y * convolved_rows + first) * channels;
    const float *added = bias + (size_t)blockIdx.y * channels;
    size_t own = ((size_t)blockIdx.y * rows + row) * channels;
    for (int c = threadIdx.x; c < channels; c += blockDim.x) {
        float best = window[c];
        int place = 0;
        for (int k = 1; k < width; k++) {
            float value = window[(size_t)k * channels + c];
            if (value > best || value != value) {
                best = value;
                place = k;
            }
        }
        float value = best + added[c];
        output[own + c] = value < 0.0f ? 0.0f : value;
        arg_max[own + c] = value > 0.0f ? place : CUT;
    }
}

// grad_convolved[m][row][c]: the gradients of the windows whose maximum this frame was.
extern "C" __global__ void conv_pool_back(
    float *grad_convolved, const float *grad_output, const unsigned char *arg_max, const int *utterance_of,
    const int *pooled_first, const int *pooled_count, const int *convolved_first, int pooled_rows, int rows,
    int channels, int width, int stride) {
    int row = blockIdx.x * blockDim.y + threadIdx.y;
    if (row >= rows) return;
    int u = utterance_of[row];
    int t = row - convolved_first[u];
    int last = t / stride;
    if (last >= pooled_count[u]) last = pooled_count[u] - 1;
    size_t pooled = (size_t)blockIdx.y * pooled_rows + pooled_first[u];
    float *to = grad_convolved + ((size_t)blockIdx.y * rows + row) * channels;
    for (int c = threadIdx.x; c < channels; c += blockDim.x) {
        float sum = 0.0f;
        for (int p = last; p >= 0 && t - p * stride < width; p--) {
            size_t from = (pooled + p) * channels + c;
            if (arg_max[from] == t - p * stride) sum += grad_output[from];
        }
        to[c] = sum;
    }
}

// First stage of the bias gradient: partial[m][chunk][c] sums grad_output over `chunk_rows` pooled rows.
extern "C" __global__ void conv_bias_partial(
    float *partial, const float *grad_output, const unsigned char *arg_max, int rows, int channels, int chunks,
    int chunk_rows) {
    int chunk = blockIdx.x * blockDim.y + threadIdx.y;
    if (chunk >= chunks) return;
    int end = (chunk + 1) * chunk_rows < rows ? (chunk + 1) * chunk_rows : rows;
    for (int c = threadIdx.x; c < channels; c += blockDim.x) {
        float sum = 0.0f;
#pragma unroll 4
        for (int row = chunk * chunk_rows; row < end; row++) {
            size_t from = ((size_t)blockIdx.y * rows + row) * channels + c;
            sum += arg_max[from] != CUT ? grad_output[from] : 0.0f;
        }
        partial[((size_t)blockIdx.y * chunks + chunk) * channels + c] = sum;
    }
}
